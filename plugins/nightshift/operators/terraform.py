"""The stacks of a night: open the transient state, apply, destroy."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.sdk import Context

from nightshift import keys
from nightshift.hooks.terraform import TerraformHook
from nightshift.night import Night
from nightshift.operators.base import NightOperator

FOUNDATION_STATE = "foundation.tfstate"
GROUND = {"vpc_id", "kms_key_arn"}  # what the transient stack cannot be applied without


class StackOperator(NightOperator):
    """Shared by the operators below: the hook in use, which is asked to stop when Airflow kills the task."""

    _hook: TerraformHook | None = None

    def foundation(self) -> TerraformHook:
        return self._use(TerraformHook(self.settings, "foundation", FOUNDATION_STATE))

    def transient(self, night: Night) -> TerraformHook:
        return self._use(TerraformHook(self.settings, "transient", night.state_key))

    def on_kill(self) -> None:
        super().on_kill()
        if self._hook:
            self._hook.interrupt()

    @cached_property
    def shared(self) -> dict[str, Any]:
        return {"name": self.settings.name, "region": self.settings.region}

    def _use(self, hook: TerraformHook) -> TerraformHook:
        self._hook = hook
        return hook


class OpenStateOperator(StackOperator):
    """terraform init. Creates nothing, so it cannot half-succeed: the setup that the teardowns belong to."""

    def work(self, night: Night, context: Context) -> None:
        self.transient(night).init()


class ApplyFoundationOperator(StackOperator):
    """The durable stack: usually a no-op. Its outputs are the XCom."""

    def work(self, night: Night, context: Context) -> dict[str, Any]:
        told = {
            "email_endpoints": list(self.settings.email_endpoints),
            "queue_endpoints": list(self.settings.queue_endpoints),
        }
        return self.foundation().apply({**self.shared, **told})


class ApplyTransientOperator(StackOperator):
    """The stack of this run. Its outputs are the XCom; the private SSH key is neither in it nor in the state."""

    def work(self, night: Night, context: Context) -> dict[str, Any]:
        foundation = self.output_of(context, "apply_foundation")
        return self.transient(night).apply({**self.shared, **variables(night, foundation), **_ssh(night)})


class DestroyTransientOperator(StackOperator):
    """Remove the run's stack, its state and its staged data. Works without XCom; may run twice."""

    def work(self, night: Night, context: Context) -> dict[str, Any] | None:
        if night.keep_cluster:
            self.log.warning(
                "Kept on request: the stack of %s, until its cluster has been idle long enough.", night.run
            )
            return {"kept": True}
        foundation = self.output_of(context, "apply_foundation") or self._outputs()
        if not foundation.keys() >= GROUND:
            self.log.info("There is no whole foundation, so nothing stands on it: nothing to destroy.")
            return None
        self.transient(night).destroy({**self.shared, **variables(night, foundation)})
        self.lake(night).sweep_staging()
        self.lake(night).forget_state()
        return None

    def _outputs(self) -> dict[str, Any]:
        hook = self.foundation()
        hook.init()
        return hook.outputs()


def variables(night: Night, foundation: dict[str, Any]) -> dict[str, Any]:
    """The transient stack's variables, from the night and the foundation's outputs."""
    return {
        "run": night.run,
        "pipeline": night.pipeline.name,
        "business_date": str(night.business_date),
        "expires": night.tags["nightshift:expires"],
        "vpc_id": foundation["vpc_id"],
        "kms_key_arn": foundation["kms_key_arn"],
        "certificates": night.uri("lake", night.certificates_key),
        "ssh_cidr": night.ssh_cidr,
    }


def _ssh(night: Night) -> dict[str, str]:
    if not night.ssh_cidr:
        return {}
    public, private = keys.ssh_key_pair()
    return {"ssh_public_key": public, "ssh_private_key": private}

"""Operators for the Terraform stacks of a run: init the transient state, apply, destroy."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context

from nightshift.compute import certificates, targets
from nightshift.failures.causes import Cause
from nightshift.failures.errors import OWNER_APPLIES, TerraformError
from nightshift.failures.symptoms import DENIED, cause_in
from nightshift.infrastructure import foundation, stacks, teardown, terraform
from nightshift.infrastructure.sweep import sweep
from nightshift.infrastructure.teardown import StateLocked
from nightshift.infrastructure.terraform import TerraformHook
from nightshift.operators.base import NightOperator
from nightshift.run.run_context import RunContext
from nightshift.run.tasks import Task
from nightshift.state import ledger, partition_locks


class StackOperator(NightOperator):
    """Base of the operators below: gives their stacks, and interrupts terraform when Airflow kills the task."""

    def foundation(self) -> TerraformHook:
        """The foundation stack, which all runs share."""
        return TerraformHook(self.settings, "foundation", stacks.FOUNDATION_STATE)

    def transient(self, night: RunContext) -> TerraformHook:
        """The transient stack of this run, with its own state."""
        return TerraformHook(self.settings, "transient", night.state_key)

    def on_kill(self) -> None:
        super().on_kill()
        terraform.interrupt()


class OpenStateOperator(StackOperator):
    """terraform init. Creates nothing, so it cannot half-succeed; the teardowns have it as their setup."""

    def work(self, night: RunContext, context: Context) -> None:
        self.transient(night).init()


class ApplyFoundationOperator(StackOperator):
    """Apply the foundation stack, unless a run of today did and nothing has changed since
    (docs/decisions/0022-foundation-once-a-day.md). With NIGHTSHIFT_FOUNDATION=check only compare it with its files
    (docs/decisions/0031-the-foundation-has-an-owner.md). Its outputs are the XCom."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        hook = self.foundation()
        reads = self.settings.foundation == "check"
        if not reads:
            teardown.make_way(hook, night, self.task_id)
        outputs = None if night.apply_foundation else foundation.applied(night)
        if outputs is not None:
            self.log.info(
                "The foundation was applied or compared today and has not changed since: terraform is not run."
            )
            return outputs
        outputs = self._checked(hook) if reads else self._applied(hook)
        foundation.note(night, outputs)
        return outputs

    def _checked(self, hook: TerraformHook) -> dict[str, Any]:
        if lock := hook.lock():
            raise StateLocked(
                f"The state {hook.state_key} is locked by {lock.who}.", "Let its owner finish applying it."
            )
        return hook.check(stacks.foundation(self.settings), self.settings.tfvars)

    def _applied(self, hook: TerraformHook) -> dict[str, Any]:
        try:
            return hook.apply(stacks.foundation(self.settings), self.settings.tfvars)
        except TerraformError as refused:
            if cause_in(refused.tail, [DENIED]):
                refused.cause = Cause.IAM
                refused.next_action = f"{OWNER_APPLIES} NIGHTSHIFT_FOUNDATION=check makes runs only compare it."
            raise


class ApplyTransientOperator(StackOperator):
    """Apply the stack of this run, or of the pack that it joins, unless another member has. Its outputs are the XCom;
    the private SSH key is neither in it nor in the state.

    First removes what an earlier, killed try made but did not write into the state: its names would collide.
    """

    def work(self, night: RunContext, context: Context) -> dict[str, Any]:
        foundation_outputs = self.output_of(context, Task.APPLY_FOUNDATION)
        home = targets.join(night, foundation_outputs)
        if home.why:
            self.log.info("%s", home.why)
        outputs = home.outputs()
        if outputs is None:
            outputs = self._applied(night, home.context, foundation_outputs)
            home.built(outputs)
        return dict(outputs)

    def _applied(self, night: RunContext, owner: RunContext, foundation_outputs: Any) -> dict[str, Any]:
        hook = self.transient(owner)
        teardown.make_way(hook, night, self.task_id)
        if self._tried_before(night):
            hook.init()
            sweep(owner, self.task_id, hook.managed())
        return hook.apply({**stacks.transient(owner, foundation_outputs), **_ssh(owner)})

    def _tried_before(self, night: RunContext) -> bool:
        begun = [e for e in ledger.of(night).entries() if (e["task"], e["phase"]) == (self.task_id, "begin")]
        return len(begun) > 1


class DestroyTransientOperator(StackOperator):
    """Remove the run's stack, its state, its staged data and its claims; also the stack of a pack if the run is the
    last that uses it. Works without XCom; may run twice."""

    def work(self, night: RunContext, context: Context) -> dict[str, Any] | None:
        if night.keep_cluster:
            partition_locks.release_all(night)
            self.log.warning("Kept on request: the stack of %s, until its lease ends or its cluster does.", night.run)
            return {"kept": True}
        outputs = self.output_of(context, Task.APPLY_FOUNDATION) or self.foundation().outputs()
        home = targets.home(night)
        teardown.remove(home, night, outputs, self.task_id)
        return None


def _ssh(night: RunContext) -> dict[str, str]:
    if not night.ssh_cidr:
        return {}
    public, private = certificates.ssh_key_pair()
    return {"ssh_public_key": public, "ssh_private_key": private}

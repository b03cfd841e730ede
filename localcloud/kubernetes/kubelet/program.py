"""What a container runs: its command and arguments, or what its image would run without a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from localcloud.kubernetes.errors import Json
from localcloud.kubernetes.kubelet.environment import expanded
from localcloud.kubernetes.kubelet.waiting import Waiting

ENTRY_POINT = "/opt/entrypoint.sh"  # of Spark's images (kubernetes/dockerfiles/spark/entrypoint.sh)
DRIVER, EXECUTOR = "driver", "executor"


@dataclass(frozen=True)
class Program:
    """A command line and the variables that it adds. driver: whether it is a Spark driver."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    driver: bool = False


def command_of(container: Json, env: Mapping[str, str]) -> tuple[str, ...]:
    """The container's command line with $(NAME) replaced; Raises Waiting for an image that would bring its own."""
    given = [*(container.get("command") or ()), *(container.get("args") or ())]
    if not given:
        raise Waiting(
            "CreateContainerError",
            f"localcloud runs no images, and {container['image']} states no command or args: state one",
        )
    return tuple(expanded(str(part), env) for part in given)


def role(command: tuple[str, ...]) -> str:
    """driver or executor if the command is what Spark's images run; empty for any other."""
    rest = command[1:] if command[0] == ENTRY_POINT else command
    return rest[0] if rest and rest[0] in (DRIVER, EXECUTOR) else ""


def arguments(command: tuple[str, ...]) -> tuple[str, ...]:
    """What follows `driver` or `executor`."""
    return command[2:] if command[0] == ENTRY_POINT else command[1:]

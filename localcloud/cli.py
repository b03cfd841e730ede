"""The command line: up, status, down, faults, clusters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from localcloud import credentials, daemon
from localcloud.client import Client
from localcloud.credentials import Access
from localcloud.errors import LocalCloudError, ServerError
from localcloud.faults import DESCRIPTIONS, MARKETS, NODE_ROLES, Fault, FaultKind
from localcloud.settings import Settings, boolean, load

_SETTINGS_HELP = {
    "home": "directory of the state file, the log and work files (default ./.localcloud)",
    "host": "address to listen on, an IP (default 127.0.0.1)",
    "port": "port there; 0 picks a free one (default 5555)",
    "account": "AWS account of callers whose key belongs to none (default 123456789012)",
    "region": "region of unsigned requests and of the printed exports (default us-east-1)",
    "provisioning_seconds": "how long a cluster stays in STARTING (default 0)",
    "bootstrap_seconds": "how long a cluster stays in BOOTSTRAPPING (default 0)",
    "termination_seconds": "how long a cluster stays in TERMINATING (default 0)",
    "log_delay_seconds": "how long after a step its logs reach S3 (default 0; EMR: 300)",
    "run_start_seconds": "how long a run of Glue, EMR Serverless or EMR on EKS waits for its workers (default 0)",
    "application_seconds": "how long a change of an application or a virtual cluster takes (default 0)",
    "cores": "threads of a step's Spark; 0 for all of the machine (default 0)",
    "steps_per_java": "how many steps of PySpark one Java serves; 1 starts one for each, as EMR does (default 20)",
    "python": "what runs PySpark (default: the interpreter that runs the server)",
    "flink_home": "a Python 3.11 environment with apache-flink, for steps that call flink (default: none)",
    "credentials": "AWS credentials file with the access key of the server (default: a new key at each start)",
    "owner": "id of a process: the server ends when that has ended (default 0: none)",
    "kubernetes": "start Kubernetes with the server, not with the first EKS cluster (default: no)",
    "iam": "enforce IAM's policies for every key but the server's own (default: no)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed (the reason is on stderr), 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except LocalCloudError as error:
        print(f"localcloud: {error}", file=sys.stderr)
        return 1


def _up(options: argparse.Namespace) -> int:
    settings = _settings(options)
    if options.foreground:
        # The server process that `up` starts detached; also for containers and process supervisors.
        daemon.serve(settings)
        return 0
    running, started = daemon.up(settings)
    print(f"# localcloud {'is up' if started else 'was up already'}: {running.endpoint} (pid {running.pid})")
    print(daemon.exports(running.endpoint, settings))
    return 0


def _status(options: argparse.Namespace) -> int:
    settings = _settings(options)
    running = daemon.find(settings)
    if running is None:
        print(f"localcloud is down (home {settings.home})")
        return 1
    client = _client(options)
    print(f"localcloud is up: {running.endpoint} (pid {running.pid}, since {running.started_at})")
    print(f"clusters: {len(client.clusters())}, armed faults: {len(client.faults())}, log: {settings.log_file}")
    return 0


def _down(options: argparse.Namespace) -> int:
    stopped = daemon.down(_settings(options))
    print("localcloud is down" if stopped else "localcloud was not up")
    return 0


def _add_fault(options: argparse.Namespace) -> int:
    # Options that were not given are left out, so that the defaults are in one place: in Fault.
    given = {field.name: getattr(options, field.name, None) for field in fields(Fault)}
    values = {name: value for name, value in given.items() if value is not None}
    values["times"] = None if options.forever else options.times
    armed = _client(options).add_fault(values.pop("kind"), **values)
    print(_fault_line(armed))
    return 0


def _list_faults(options: argparse.Namespace) -> int:
    armed = _client(options).faults()
    print("\n".join(map(_fault_line, armed)) or "no fault is armed")
    return 0


def _clear_faults(options: argparse.Namespace) -> int:
    print(f"cleared: {_client(options).clear_faults(options.id)}")
    return 0


def _clusters(options: argparse.Namespace) -> int:
    for cluster in _client(options).clusters():
        status = cluster["Status"]
        message = status["StateChangeReason"].get("Message", "")
        print(f"{cluster['Id']}  {status['State']:<22}  {cluster['Name']}  {message}")
        for step in cluster["Steps"]:
            print(f"  {step['Id']}  {step['Status']['State']:<22}  {step['Name']}")
    return 0


def _fault_line(fault: dict[str, Any]) -> str:
    # List only the fields that are set; an empty pattern matches everything.
    plain = {field.name: field.default for field in fields(Fault)}
    shown = [f"{n}={v}" for n, v in fault.items() if n not in ("id", "kind", "times") and v != plain[n]]
    times = "for ever" if fault.get("times") is None else f"{fault['times']} x"
    return "  ".join([fault["id"], fault["kind"], times, *shown])


def _settings(options: argparse.Namespace) -> Settings:
    return load({name: getattr(options, name, None) for name in _SETTINGS_HELP})


def _client(options: argparse.Namespace) -> Client:
    settings = _settings(options)
    running = daemon.find(settings)
    if running is None:
        raise ServerError(f"no localcloud is up (home {settings.home}): start it with `localcloud up`.")
    return Client(Access(running.endpoint, credentials.read(settings.credentials_file)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="localcloud",
        description="AWS on a laptop: moto's server, an EMR that runs its steps, and faults on demand.",
        epilog="Every setting can also come from the environment: LOCALCLOUD_HOME, LOCALCLOUD_PORT, ...",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_up(commands)
    _command(commands, "status", _status, "say whether the server is up; exit status 1 if it is not")
    _command(commands, "down", _down, "stop the server and every step")
    _command(commands, "clusters", _clusters, "list the clusters of every region and their steps")
    _add_faults(commands)
    return parser


def _command(commands: Any, name: str, function: Callable[..., int], text: str) -> argparse.ArgumentParser:
    sentence = text[0].upper() + text[1:] + "."
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=sentence)
    parser.set_defaults(command=function)
    parser.add_argument("--home", help=_SETTINGS_HELP["home"])
    return parser


def _add_up(commands: Any) -> None:
    parser = _command(commands, "up", _up, "start the server and print how to use it; does nothing if it is up")
    parser.add_argument("--foreground", action="store_true", help="serve in this process until SIGTERM or SIGINT")
    for name, text in _SETTINGS_HELP.items():
        if name != "home":
            _add_setting(parser, name, text)


def _add_setting(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    flag, kind = f"--{name.replace('_', '-')}", type(getattr(Settings, name))
    if kind is bool:
        parser.add_argument(flag, type=boolean, nargs="?", const=True, help=text, metavar="BOOL")
    else:
        parser.add_argument(flag, type=kind, help=text, metavar=kind.__name__.upper())


def _add_faults(commands: Any) -> None:
    parser = commands.add_parser("faults", help="arm, list or clear faults", description="Faults on demand.")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    _command(actions, "list", _list_faults, "list the armed faults")
    clear = _command(actions, "clear", _clear_faults, "disarm one fault, or all")
    clear.add_argument("id", nargs="?", help="the fault's id; all if left out")
    _add_fault_options(_command(actions, "add", _add_fault, "arm a fault"))


def _add_fault_options(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "kinds:\n" + "\n".join(f"  {kind:<26}{text}" for kind, text in DESCRIPTIONS.items())
    parser.add_argument("kind", choices=list(FaultKind), metavar="KIND", help="what goes wrong (see below)")
    parser.add_argument("--times", type=int, default=1, help="how often it strikes (default 1)")
    parser.add_argument("--forever", action="store_true", help="it strikes until it is cleared")
    parser.add_argument(
        "--cluster",
        metavar="GLOB",
        help="only clusters, Glue jobs, applications, virtual clusters of such a name or id",
    )
    parser.add_argument("--step", metavar="GLOB", help="only steps and job runs whose name or id matches")
    parser.add_argument("--bucket", metavar="GLOB", help="only S3 requests for such buckets")
    parser.add_argument("--key", metavar="GLOB", help="only S3 requests for such keys")
    parser.add_argument("--operation", metavar="GLOB", help="only such calls: an action, or GET, PUT, ... of S3")
    parser.add_argument("--host", metavar="GLOB", help="only instances whose Name or id matches")
    parser.add_argument("--zone", metavar="GLOB", help="only clusters in such availability zones or subnets")
    parser.add_argument("--market", choices=MARKETS[1:], help="only clusters that ask for such instances")
    parser.add_argument("--seconds", type=float, help="how long a start is slowed, or after how long it strikes")
    parser.add_argument("--node", choices=NODE_ROLES, help="role of the node that is lost (default core)")
    parser.add_argument("--message", help="what a failing step writes to stderr")

"""Terraform hook: runs terraform in one stack, with its state under one key of the state bucket."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import psutil  # type: ignore[import-untyped]

from nightshift.aws import clients
from nightshift.config import Settings
from nightshift.failures.errors import FoundationDiffers, PreflightError, TerraformError
from nightshift.state.terraform_locks import Lock

LOG = logging.getLogger(__name__)
RUNNING: list[subprocess.Popen[bytes]] = []  # the terraform processes of this Python process, which is one task's
TAIL_LINES = 60
TAIL_SECONDS = 0.2
KEPT_SECONDS = 2 * 24 * 3600  # of a work folder after its last use: a run is shorter
REATTACH = "TF_REATTACH_PROVIDERS"
MINIMUM = (1, 11)
DIFFERENCE = re.compile(r"^ +# (\S+ (?:will be|must be|has moved).*)$")
DIFFERENCES_SHOWN = 10
PROGRAMS = {"terraform", "tofu"}
_SKIPPED = {".terraform", "tests"}  # folders that terraform makes, and those that only `terraform test` reads
# Every DAG applies the one foundation, and all start at midnight. A transient state belongs to one run.
LOCK_TIMEOUTS = {"foundation": "5m", "transient": "60s"}


class TerraformHook:
    """One stack and one state. Variables are passed in the environment (TF_VAR_*), not on a command line that others
    can read. Nothing is written into the stack's folder, which may be read-only: what `terraform init` makes is in a
    work folder of this state on this host, so that the tasks of a run initialise it once
    (docs/decisions/0057-one-terraform-process-a-phase.md).

    Terraform writes its output to a file that is read here. A pipe would break when the task's process is killed, and
    terraform would die at its next write with its state unsaved. With a file it finishes and releases its lock.
    """

    def __init__(self, settings: Settings, stack: str, state_key: str) -> None:
        self.settings, self.stack, self.state_key = settings, stack, state_key
        self._scratch = TemporaryDirectory(prefix="nightshift-tf-")
        self._locking = f"-lock-timeout={LOCK_TIMEOUTS.get(stack, '60s')}"

    def init(self) -> None:
        """terraform init, unless it was done here with the same files, backend and settings; creates no resource.
        Raises TerraformError, PreflightError."""
        with suppress(FileNotFoundError):
            os.utime(self._data)
            LOG.info("terraform is initialised already for %s (%s)", self.stack, self._data)
            return
        _forget_old(self._data.parent)
        with TemporaryDirectory(prefix="new-", dir=self._data.parent) as made:
            data, words = Path(made) / "data", (f"-backend-config={k}={v}" for k, v in self._backend.items())
            self._run("init", "-lockfile=readonly", *words, data=data)
            with suppress(OSError):  # another task of this host was faster
                data.rename(self._data)

    def apply(self, variables: Mapping[str, Any], file: Path | None = None) -> dict[str, Any]:
        """terraform apply; returns the outputs, without the sensitive ones. Raises TerraformError.

        `file` (.tfvars) holds more variables, which override the others.
        """
        self.init()
        further = [f"-var-file={file}"] if file else []
        self._run("apply", "-auto-approve", self._locking, *further, variables=variables)
        return self.outputs()

    def check(self, variables: Mapping[str, Any], file: Path | None = None) -> dict[str, Any]:
        """Check that the stack matches its files; returns its outputs. Reads only, and so takes no lock. Raises
        FoundationDiffers naming the differences, TerraformError."""
        self.init()
        further = [f"-var-file={file}"] if file else []
        words = ("-lock=false", "-detailed-exitcode", *further)
        code, said = self._run("plan", *words, variables=variables, answers=(0, 2))
        if code:
            raise FoundationDiffers(f"The {self.stack} differs from its files: {_differences(said)}.")
        return self.outputs()

    def plan(
        self, variables: Mapping[str, Any], file: Path | None = None, *, refresh_only: bool = False
    ) -> dict[str, Any]:
        """The plan of the stack in terraform's JSON; {} if nothing would change. With `refresh_only` it has what was
        changed outside of terraform alone. Reads only, and so takes no lock. Raises TerraformError."""
        self.init()
        kept = Path(self._scratch.name) / "stack.plan"
        further = [*([f"-var-file={file}"] if file else []), *(["-refresh-only"] if refresh_only else [])]
        words = ("-lock=false", "-detailed-exitcode", f"-out={kept}", *further)
        code, _ = self._run("plan", *words, variables=variables, answers=(0, 2))
        return dict(json.loads(self._answer("show", "-no-color", "-json", str(kept)))) if code else {}

    def destroy(self, variables: Mapping[str, Any]) -> None:
        """terraform destroy: remove everything in the state, also of a partial apply. Raises TerraformError."""
        self.init()
        self._run("destroy", "-auto-approve", self._locking, variables=variables)
        shutil.rmtree(self._data, ignore_errors=True)

    def outputs(self) -> dict[str, Any]:
        """The outputs without the sensitive ones, which must not reach XCom. {} without a state.

        They are read from the state, as terraform output would. The format: Terraform's source, statefile/version4.go,
        which every terraform 1.x writes and reads ("Terraform v1.x Compatibility Promises").
        """
        s3 = clients.client(self.settings, "s3")
        try:
            state = s3.get_object(Bucket=self._backend["bucket"], Key=self.state_key)["Body"].read()
        except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
            return {}
        outputs = json.loads(state)["outputs"].items()
        return {name: output["value"] for name, output in outputs if not output.get("sensitive")}

    def managed(self) -> set[str]:
        """The ids of all resources in the state, also of an interrupted apply. Call `init` first."""
        root_module = json.loads(self._answer("show", "-no-color", "-json")).get("values", {}).get("root_module", {})
        return {str(r["values"]["id"]) for r in _resources(root_module) if r["values"].get("id")}

    def lock(self) -> Lock | None:
        """The state's lock; None if there is none."""
        s3 = clients.client(self.settings, "s3")
        try:
            there = s3.get_object(Bucket=self.settings.bucket("state"), Key=f"{self.state_key}.tflock")
        except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
            return None
        return Lock.parsed(there["Body"].read(), there["LastModified"])

    def unlock(self, lock: Lock) -> None:
        """Break this lock, by its id; a lock that was taken since stays. Raises TerraformError."""
        self.init()
        self._run("force-unlock", "-force", lock.id)

    def runs_here(self) -> bool:
        """Whether a terraform process works on this stack on this host: one that outlived its task, or a person's."""
        seen = psutil.process_iter(["name", "cmdline", "cwd", "status"])
        return any(_works_on(self.stack, p.info) for p in seen if p.info["name"] in PROGRAMS)

    @property
    def _backend(self) -> dict[str, str]:
        return {"bucket": self.settings.bucket("state"), "key": self.state_key, "region": self.settings.region}

    @cached_property
    def _data(self) -> Path:
        """The work folder (TF_DATA_DIR) of this state; its name is a hash of everything that an init depends on."""
        facts = (self.stack, files_hash(self.settings, self.stack), self._backend, _program())
        return _work_folders() / hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]

    def _run(
        self,
        verb: str,
        *args: str,
        variables: Mapping[str, Any] | None = None,
        answers: Collection[int] = (0,),
        data: Path | None = None,
    ) -> tuple[int, list[str]]:
        """Run terraform; returns exit code and output lines. Raises TerraformError for a code not in `answers`."""
        LOG.info("terraform %s of %s (state %s)", verb, self.stack, self.state_key)
        said = []
        # `force-unlock` has no -input, and -no-color comes before its argument.
        flags = ["-no-color"] if verb == "force-unlock" else ["-input=false", "-no-color"]
        output = Path(self._scratch.name) / "output.log"
        with _started(self._command(verb, *flags, *args), self._env(variables or {}, data), output) as process:
            for line in _followed(output, process):
                LOG.info("%s", line)
                said.append(line)
        if process.returncode not in answers:
            raise TerraformError(verb, self.stack, process.returncode, "\n".join(said[-TAIL_LINES:]))
        return process.returncode, said

    def _answer(self, *words: str) -> str:
        done = subprocess.run(self._command(*words), env=self._env({}), capture_output=True, text=True, check=False)
        if done.returncode:
            raise TerraformError(words[0], self.stack, done.returncode, done.stderr)
        return done.stdout

    def _command(self, verb: str, *args: str) -> list[str]:
        return [binary(), f"-chdir={self.settings.stacks_dir / self.stack}", verb, *args]

    def _env(self, variables: Mapping[str, Any], data: Path | None = None) -> dict[str, str]:
        own = {"TF_IN_AUTOMATION": "1", "TF_DATA_DIR": str(data or self._data), "CHECKPOINT_DISABLE": "1"}
        given = {f"TF_VAR_{name}": _text(value) for name, value in variables.items() if value is not None}
        return {**os.environ, **own, **given}


def interrupt() -> None:
    """Interrupt the terraform processes of this task and wait; at SIGINT they save the state and release the lock."""
    for process in RUNNING:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait()


def environment_variables() -> dict[str, str]:
    """The environment variables that terraform reads as variables and arguments: TF_VAR_* and TF_CLI_ARGS*."""
    return {name: value for name, value in os.environ.items() if name.startswith(("TF_VAR_", "TF_CLI_ARGS"))}


def files_hash(settings: Settings, stack: str) -> str:
    """SHA-256 over the files that terraform reads of a stack: its own with the provider's lock, and the modules'."""
    root, digest = settings.stacks_dir.parent, hashlib.sha256()
    for folder in (settings.stacks_dir / stack, root / "modules"):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not _SKIPPED & set(file.relative_to(root).parts):
                digest.update(f"\0{file.relative_to(root).as_posix()}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def binary() -> str:
    """The path of terraform. Raises PreflightError if it is not on PATH."""
    path = shutil.which("terraform")
    if not path:
        raise PreflightError(
            f"terraform is not on PATH ({os.environ.get('PATH', '')}).",
            f"Install terraform {'.'.join(map(str, MINIMUM))} or newer on the machine that runs Airflow's tasks.",
        )
    return path


def version() -> str:
    """The installed version of terraform. Raises PreflightError if it is missing or too old for S3-native locking."""
    done = subprocess.run([binary(), "version"], capture_output=True, text=True, check=False)
    match = re.search(r"Terraform v(\d+)\.(\d+)\.(\d+)", done.stdout)
    if not match:
        raise PreflightError(f"terraform version did not print a version: {done.stdout[:200]!r} {done.stderr[:200]!r}.")
    if (int(match[1]), int(match[2])) < MINIMUM:
        raise PreflightError(f"{match[0]} is too old: S3-native locking needs {'.'.join(map(str, MINIMUM))}.")
    return match[0]


def _program() -> tuple[Any, ...]:
    """The terraform that runs here and of when its file is, its configuration, and its environment variables, but for
    those of a stack. An init that attaches to a running provider installs none, whichever it is."""
    program = Path(binary())
    chosen = {k: v for k, v in os.environ.items() if k.startswith("TF_") and not k.startswith(("TF_VAR_", REATTACH))}
    configuration = Path(chosen.get("TF_CLI_CONFIG_FILE") or "~/.terraformrc").expanduser()
    configured = configuration.read_text() if configuration.is_file() else ""
    return str(program), program.stat().st_mtime_ns, configured, chosen, bool(os.environ.get(REATTACH))


def _work_folders() -> Path:
    """The folder of this user's work folders. Raises PreflightError if another user made it: terraform runs the
    providers that it finds below."""
    folder = Path(gettempdir()) / f"nightshift-terraform-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise PreflightError(
            f"{folder} belongs to another user, and terraform would run the providers in it.",
            "Remove it, or set TMPDIR to another folder: in the shell of ./nightshift, or for Airflow's workers.",
        )
    return folder


def _forget_old(folder: Path) -> None:
    """Remove the work folders that nothing has used for days: those of runs that were torn down elsewhere."""
    for old in folder.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(old, ignore_errors=True)


def _differences(said: Sequence[str]) -> str:
    """The changes that a plan shows, from its output lines."""
    changes = [match[1] for line in said if (match := DIFFERENCE.match(line)) and "will be read" not in match[1]]
    more = len(changes) - DIFFERENCES_SHOWN
    shown = [*changes[:DIFFERENCES_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return "; ".join(shown) or "its outputs would change"


def _text(value: Any) -> str:
    """A variable's value in terraform's environment syntax: strings bare, the rest as JSON, which is also HCL."""
    return value if isinstance(value, str) else json.dumps(value)


@contextmanager
def _started(command: list[str], env: Mapping[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that writes to a file. On an exception (a task's timeout is raised here) interrupt it and wait
    until it has saved its state."""
    with output.open("wb") as written:
        # start_new_session: Airflow signals the task's whole process group. Terraform would take that and `interrupt`
        # for two Ctrl-C and exit without saving its state.
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=written, stderr=subprocess.STDOUT, start_new_session=True
        )
    RUNNING.append(process)
    try:
        yield process
    except BaseException:
        interrupt()
        raise
    finally:
        process.wait()
        RUNNING.remove(process)


def _followed(output: Path, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Follow the file that a process writes: yield its lines until the process has ended."""
    with output.open(errors="replace") as file:
        held = ""
        while True:
            over = process.poll() is not None  # polled before the read, so that the last lines are not missed
            *whole, held = (held + file.read()).split("\n")
            yield from (line.rstrip() for line in whole)
            if over:
                yield from filter(None, [held])
                return
            if not whole:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(TAIL_SECONDS)


def _works_on(stack: str, process: Mapping[str, Any]) -> bool:
    """Whether a terraform process works in the stack's folder, of this checkout or another. A process whose folder
    cannot be read (another user's) counts as one."""
    folders = _folders(process)
    return any(folder.parts[-2:] == ("stacks", stack) for folder in folders) or (not folders and not _is_over(process))


def _folders(process: Mapping[str, Any]) -> list[Path]:
    """The working directory of a terraform process, if readable, and the folder of its -chdir."""
    here = [Path(process["cwd"])] if process["cwd"] else []
    named = [Path(word.removeprefix("-chdir=")) for word in process["cmdline"] or () if word.startswith("-chdir=")]
    led = [place / folder for place in here for folder in named] or [folder for folder in named if folder.is_absolute()]
    return [folder.resolve() for folder in (*here, *led)]


def _is_over(process: Mapping[str, Any]) -> bool:
    return process["status"] in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every resource in `terraform show -json`, also of child modules."""
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)

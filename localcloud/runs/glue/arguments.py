"""The command of a Glue run: some arguments are Glue's own, all others reach the script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

# Glue's argument: spark-submit's option. (Glue Developer Guide, "Using job parameters in AWS Glue jobs")
_OPTIONS = {"--extra-py-files": "--py-files", "--extra-jars": "--jars", "--extra-files": "--files"}
_MODULES = "--additional-python-modules"
_CONSUMED = {*_OPTIONS, _MODULES, "--conf", "--job-language", "--class", "--scriptLocation"}


def command(script: str, job: str, run_id: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """spark-submit with what Glue consumes as options; the script gets --name value pairs, Glue's own first."""
    own = ("--JOB_NAME", job, "--JOB_ID", f"j_{run_id.removeprefix('jr_').partition('_')[0]}", "--JOB_RUN_ID", run_id)
    mine = [part for name, value in given.items() if name not in _CONSUMED for part in (name, value) if part]
    return ("spark-submit", *_options(given), given.get("--scriptLocation", script), *own, *mine)


def notes(given: Mapping[str, str]) -> tuple[str, ...]:
    """What is not done as on Glue, for the log of errors."""
    if not given.get(_MODULES):
        return ()
    return (f"localcloud: {_MODULES} {given[_MODULES]}: nothing is installed, the packages of its own Python are used",)


def _options(given: Mapping[str, str]) -> Iterator[str]:
    for name, option in _OPTIONS.items():
        if given.get(name):
            yield from (option, given[name])
    # Several settings are one value: "a=b --conf c=d".
    for setting in given.get("--conf", "").split("--conf"):
        if setting.strip():
            yield from ("--conf", setting.strip())

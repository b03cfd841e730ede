"""The chaos rig, which cells are played, and what is printed and kept of them."""

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.chaos import cells, results
from tests.chaos.ground import Ground
from tests.chaos.post import ARN, Post
from tests.rig import opened
from tools import paths

# Deaths are noticed within seconds instead of minutes; a busy machine must not be taken for a dead one.
QUICK = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "6",
    "LOCALCLOUD_TERMINATION_SECONDS": "3",
    "NIGHTSHIFT_RETRIES": "1",
    "NIGHTSHIFT_GRACE_MINUTES": "0.2",
    "NIGHTSHIFT_API_TRIES": "6",  # one more than S3 is slow in a row
    "NIGHTSHIFT_STEP_TIMEOUT_MINUTES": "15",
    "NIGHTSHIFT_CLUSTER_LIMIT_MINUTES": "15",
    "NIGHTSHIFT_QUEUE_ENDPOINTS": ARN,
    # Over these goes one night: it is delivered a third of unreadable lines, and has a start by a schedule.
    "NIGHTSHIFT_HOLD_OVER_QUARANTINED": "0.2",
    "NIGHTSHIFT_GOLD_BY": "00:01",
}


def pytest_addoption(parser):
    parser.addoption(
        "--chaos",
        choices=("some", "full", "continue"),
        default="some",
        help="which cells: a representative set, all, or those not yet green at this commit",
    )
    parser.addoption(
        "--chaos-also",
        default=[],
        type=lambda words: [word for word in words.split(",") if word],
        metavar="COMMIT,…",
        help="what was green at these earlier commits (twelve digits each) counts, and is shown with its commit",
    )


def pytest_generate_tests(metafunc):
    made = {
        "struck": cells.struck_cells,
        "reaped": cells.shell_cells,
        "faulty": cells.fault_cells,
        "elsewhere": cells.target_cells,
    }
    for name, make in made.items():
        if name in metafunc.fixturenames:
            # Last who runs its own date again: it pays what the cells before it owe, and owes nothing.
            chosen = sorted(filter(partial(_is_chosen, metafunc.config), make()), key=cells.pays_by_itself)
            metafunc.parametrize(name, chosen, ids=lambda cell: cell.id)


def _is_chosen(config, cell):
    if _which(config) == "some":
        return cells.is_representative(cell)
    return _which(config) == "full" or cell.id not in results.green(config.getoption("--chaos-also"))


def _which(config):
    """A run of all tests does not know this folder's options."""
    return config.getoption("--chaos", "some")


def pytest_terminal_summary(terminalreporter, config):
    """Told once, when all is played: xdist calls this in its workers as well, while others are still at work."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if not any("tests/chaos" in str(arg) for arg in config.args):
        return
    terminalreporter.section("chaos matrix")
    terminalreporter.write_line(results.table(results.kept().values()))
    if _which(config) != "some":
        terminalreporter.write_line(f"written: {paths.shown(results.write_report(config.getoption('--chaos-also')))}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Keep how the cells of commands ended; those of nights keep it themselves."""
    report = yield
    if item.path.name == "test_commands.py" and report.when == "call" and not report.skipped:
        results.keep_command(item.name, green=report.passed, seconds=report.duration)
    return report


@pytest.fixture(scope="module")  # an idle Airflow is a fifth of a core
def ground(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("chaos")
    holds, scratch, config = home / "holds", home / "scratch", home / "airflow" / "config"
    for folder in (holds, scratch, config):
        folder.mkdir(parents=True)
    shutil.copyfile(Path(__file__).with_name("policy.py"), config / "airflow_local_settings.py")
    own = {"CHAOS_HOLDS": str(holds)}
    with opened(home, {**QUICK, **own}, lambda env: _foundation(env, home)) as rig:
        ground = Ground(rig, holds, scratch, Post(rig.aws("sqs")))
        yield ground
        if request.session.exitstatus != pytest.ExitCode.INTERRUPTED:
            ground.pay()


def _foundation(env, home):
    """What an operator applies once: input can be delivered before the first night, and all nights stand on it."""
    backend = {"bucket": "nightshift-local-state", "key": "foundation.tfstate", "region": env["AWS_REGION"]}
    init = ["init", "-lockfile=readonly", *(f"-backend-config={key}={value}" for key, value in backend.items())]
    variables = {"TF_VAR_name": env["NIGHTSHIFT_NAME"], "TF_VAR_region": env["AWS_REGION"]}
    own = {**env, **variables, "TF_DATA_DIR": str(home / "foundation"), "TF_VAR_queue_endpoints": json.dumps([ARN])}
    for verb in (init, ["apply", "-auto-approve"]):
        command = ["terraform", f"-chdir={paths.STACKS / 'foundation'}", *verb, "-input=false", "-no-color"]
        subprocess.run(command, env=own, check=True, capture_output=True)

"""The tree's own bundle in MWAA's place, with this environment's Python: laid out, sealed, and every DAG imports.

`make mwaa-preflight` does the same with MWAA's Python and plays a night.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.mwaa import bundle, place
from deploy.mwaa.bundle import ROOT


@pytest.fixture
def there(tools, tmp_path):
    laid = place.unpacked(bundle.build(ROOT, "acme-night-prod", tools), tmp_path)
    yield laid
    place.unsealed(laid)


def test_the_dags_folder_is_read_only_and_plugins_lie_beside_it(there):
    assert {path.stat().st_mode & 0o222 for path in (there.dags, *there.dags.rglob("*"))} == {0}
    assert (there.home / "plugins" / "nightshift" / "config.py").is_file()
    assert not (there.home / "include").exists()


def test_the_constraint_file_is_where_requirements_say(there):
    first = there.requirements.read_text().splitlines()[0]
    assert Path(first.split('"')[1]).is_file()


def test_every_dag_imports_without_error_or_warning(there):
    aws = {"AWS_DEFAULT_REGION": "us-east-1"}
    after, _ = place.started(there, place.environ(there, "scheduler", Path(sys.executable), aws))
    command = [sys.executable, str(ROOT / "deploy" / "mwaa" / "imports.py")]
    done = subprocess.run(command, env=after, cwd=there.home, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["errors"], told["warnings"]) == ({}, {})
    assert set(told["seconds"]) == {path.name for path in (ROOT / "dags").glob("*.py")}
    assert told["library"].startswith(str(there.home))


def test_without_the_folder_that_startup_names_the_registry_says_which_folder_is_not_there(there):
    environ = place.environ(there, "scheduler", Path(sys.executable), {"AWS_DEFAULT_REGION": "us-east-1"})
    code = "import sys; sys.path.insert(0, 'plugins'); import nightshift.pipelines as p; p.REGISTRY.refuse_broken()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=there.home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"There is no folder of pipelines {there.home}/pipelines" in done.stderr


def test_the_pages_in_airflow_need_no_include_and_importing_their_plugin_imports_our_settings_alone(there):
    """As in MWAA's web server, which may have no DAGs' folder: plugins.zip and what startup.sh exports."""
    environ = place.environ(there, "webserver", Path(sys.executable), {"AWS_DEFAULT_REGION": "us-east-1"})
    started = {"NIGHTSHIFT_NAME": "acme-night-prod", "NIGHTSHIFT_ENVIRONMENT": "prod", "NIGHTSHIFT_LANGUAGE": "pt-BR"}
    code = (
        "import sys; sys.path.insert(0, 'plugins'); import nightshift_ui\n"
        "print([name for name in sys.modules if name.startswith('nightshift.') and '.failures' not in name])\n"
        "print([page['name'] for page in nightshift_ui.NightshiftUi.react_apps])\n"
        "from nightshift.web import app; print(app._settings().name, app._contracts(), len(app._style()) > 0)"
    )
    command, env = [sys.executable, "-c", code], {**environ, **started}
    done = subprocess.run(command, env=env, cwd=there.home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    imported, names, *logged, last = done.stdout.splitlines()
    assert (imported, last) == ("['nightshift.config']", "acme-night-prod {} True"), logged
    assert "'Noites', 'Custos', 'Ativos', 'Produtos', 'Dicionário'" in names

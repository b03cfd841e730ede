"""A tree as the bundle takes one, made small, and tools that are a few bytes long."""

import pytest

from deploy.mwaa.tools import PROVIDERS, Tool

TREE = {
    "dags/night.py": "dag = 1\n",
    "dags/__pycache__/night.pyc": "cache",
    "include/spark_jobs/main.py": "main = 1\n",
    "pipelines/wordcount/contract.toml": "a = 1\n",
    "include/terraform/stacks/foundation/main.tf": "# stack\n",
    "include/terraform/stacks/foundation/.terraform.lock.hcl": "# lock\n",
    "include/terraform/stacks/foundation/.terraform/providers/aws": "700 MB",
    "include/terraform/stacks/foundation/tests/foundation.tftest.hcl": "# test\n",
    "include/terraform/stacks/foundation/terraform.tfstate": "{}",
    "include/terraform/.checkov.yaml": "skip: []\n",
    "plugins/.airflowignore": "nightshift\n",
    "plugins/nightshift/__init__.py": "",
    "plugins/nightshift/config.py": "x = 1\n",
    "plugins/nightshift/__pycache__/config.cpython-312.pyc": "cache",
    "requirements.txt": "# packages\nboto3==1.43.56\n",
    "requirements/constraints-mwaa-3.3.1.txt": "boto3==1.43.56\n",
    "pyproject.toml": '[project]\nversion = "0.1.0"\n',
    "tests/test_night.py": "",
    "localcloud/cli.py": "",
    "embedded/cli.py": "",
}
TERRAFORM = "#!/bin/sh\necho Terraform v1.11.4\n"


def plant(root, content):
    for name, text in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def tree(tmp_path):
    return plant(tmp_path / "tree", TREE)


@pytest.fixture
def tools(tmp_path):
    """A terraform that says its version, and a provider of two files."""
    kept = plant(tmp_path / "tools", {"terraform": TERRAFORM, "aws_x5": "provider", "LICENSE.txt": "licence"})
    provider = {str(PROVIDERS / name): kept / name for name in ("aws_x5", "LICENSE.txt")}
    return [Tool("terraform", {"bin/terraform": kept / "terraform"}), Tool("aws-provider", provider)]


def fingerprint(folder):
    """Every file's path, mode and bytes."""
    return {
        path.relative_to(folder).as_posix(): (oct(path.stat().st_mode), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }

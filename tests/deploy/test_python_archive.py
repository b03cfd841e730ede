"""The Python of EMR Serverless: the same parts give the same bytes; unpacked elsewhere it imports what jobs do."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from deploy import python_archive
from deploy.python_archive import ArchiveError, main, packed


@pytest.fixture
def home(tmp_path):
    """A Python's folder with what is packed and what is not."""
    made = tmp_path / "one"
    files = {
        "bin/python3.11": "#!",
        "bin/pip": "#!/this/machine/python",
        "lib/python3.11/os.py": "x = 1",
        "lib/python3.11/__pycache__/os.pyc": "today's",
        "lib/python3.11/test/test_os.py": "",
        "lib/libpython3.11.a": "static",
    }
    for name, text in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    (made / "bin/python3.11").chmod(0o755)
    for link in ("python", "python3"):
        (made / "bin" / link).symlink_to("python3.11")
    return made


def test_the_same_python_is_the_same_archive_wherever_and_whenever_it_is_packed(home, tmp_path):
    first = packed(home, tmp_path / "out")
    other = shutil.copytree(home, tmp_path / "elsewhere" / "two", symlinks=True)
    for path in other.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    second = packed(other, tmp_path / "again")
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())
    (other / "lib/python3.11/os.py").write_text("x = 2")
    assert packed(other, tmp_path / "again").name != first.name
    with tarfile.open(first) as archive:
        assert archive.getnames() == ["bin/python", "bin/python3", "bin/python3.11", "lib/python3.11/os.py"]
        assert {member.mtime for member in archive} == {0}


def test_what_is_no_python_3_11_is_refused(tmp_path, capsys):
    with pytest.raises(ArchiveError, match=r"no bin/python3\.11"):
        packed(tmp_path, tmp_path / "out")
    assert main(["--home", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "is no Python 3.11" in capsys.readouterr().err


def test_the_command_says_where_it_lies_and_what_to_set(home, tmp_path, capsys):
    assert main(["--home", str(home), "--out", str(tmp_path / "out")]) == 0
    [made] = (tmp_path / "out").glob("environment-*.tar.gz")
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == f"NIGHTSHIFT_SERVERLESS_PYTHON=s3://<name>-artifacts/python/{made.name}"


@pytest.mark.long  # it packs a hundred megabytes; the archive's form is shown above
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the interpreter of this test is the one that is packed")
def test_an_interpreter_that_is_unpacked_elsewhere_imports_what_the_jobs_do(tmp_path):
    made = packed(Path(sys.base_prefix), tmp_path)
    (tmp_path / "environment").mkdir()
    subprocess.run(["tar", "-xf", made, "-C", tmp_path / "environment"], check=True)
    python = tmp_path / "environment" / "bin" / "python"
    words = "import tomllib, ssl, json, zoneinfo, sys; from datetime import UTC; print(sys.prefix)"
    env = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run([python, "-c", words], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path / "environment")


def test_its_boto3_is_the_one_of_the_workers():
    requirements = (python_archive.paths.ROOT / "requirements.txt").read_text()
    assert python_archive.BOTO3 in requirements.split()

"""A clone on Windows runs: its text has the line ends that bash, Python and EMR's nodes take."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def git(*words, cwd):
    return subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True, text=True).stdout


def test_a_clone_by_git_for_windows_has_lf_everywhere(tmp_path):
    """With its default, core.autocrlf=true; of what is in the index, for a tree may be tested before its commit."""
    tree = git("write-tree", cwd=ROOT).strip()
    commit = git(
        "-c", "user.name=x", "-c", "user.email=x@example.com", "commit-tree", tree, "-m", "x", cwd=ROOT
    ).strip()
    git("init", "--quiet", str(tmp_path / "clone"), cwd=tmp_path)
    clone = tmp_path / "clone"
    git("config", "core.autocrlf", "true", cwd=clone)
    git("fetch", "--quiet", "--depth=1", str(ROOT), commit, cwd=clone)
    git("checkout", "--quiet", "FETCH_HEAD", cwd=clone)
    listed = git("ls-files", "--eol", cwd=clone).splitlines()
    assert len(listed) > 500
    assert not [line for line in listed if not line.startswith(("i/lf    w/lf", "i/none  w/none", "i/-text w/-text"))]
    script = clone / "include" / "emr" / "time_limit.sh"
    assert b"\r" not in script.read_bytes()
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert subprocess.run([clone / "nightshift", "--help"], check=False, capture_output=True).returncode == 0

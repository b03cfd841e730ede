"""Java's archive of loaded classes: where it is, when it is built, what happens when Java does not write it."""

from __future__ import annotations

import pytest

from localcloud.steps import StepSettings, build_archive
from localcloud.steps.archive import archive_path
from localcloud.steps.errors import ArchiveError


@pytest.fixture
def java_home(tmp_path):
    """A Java that writes the archive it is asked for when it is willing to."""
    program = tmp_path / "java/bin/java"
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do case "$word" in -XX:ArchiveClassesAtExit=*) target="${word#*=}";; esac; done\n'
        f'echo called >> {tmp_path}/calls\n[ -e {tmp_path}/unwilling ] || echo classes > "$target"\n'
    )
    program.chmod(0o755)
    return tmp_path / "java"


def test_an_archive_is_built_once(java_home, tmp_path):
    settings = StepSettings(java_home=java_home, archive_dir=tmp_path / "cache")
    built = build_archive(settings)
    assert built == build_archive(settings) == archive_path(tmp_path / "cache", java_home)
    assert built.read_text() == "classes\n"
    assert (tmp_path / "calls").read_text() == "called\n"
    assert list((tmp_path / "cache").iterdir()) == [built]


def test_another_java_has_another_archive(java_home, tmp_path):
    before = archive_path(tmp_path, java_home)
    (java_home / "release").write_text('JAVA_VERSION="99"')
    assert archive_path(tmp_path, java_home) != before


def test_a_home_that_points_to_another_java_has_its_archive(java_home, tmp_path):
    (java_home / "lib").mkdir()
    (tmp_path / "default").symlink_to(java_home)
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "lib").symlink_to(java_home / "lib")
    for home in (tmp_path / "default", tmp_path / "made"):
        assert archive_path(tmp_path, home) == archive_path(tmp_path, java_home)


def test_a_java_that_writes_none_is_an_error_that_leaves_nothing(java_home, tmp_path):
    (tmp_path / "unwilling").touch()
    with pytest.raises(ArchiveError, match="Steps run without it"):
        build_archive(StepSettings(java_home=java_home, archive_dir=tmp_path / "cache"))
    assert list((tmp_path / "cache").iterdir()) == []


def test_settings_without_a_place_want_no_archive(java_home):
    assert build_archive(StepSettings(java_home=java_home, archive_dir=None)) is None

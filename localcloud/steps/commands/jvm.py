"""The Java command line that all JVM commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from localcloud.steps import java
from localcloud.steps.site import Site

_CONTROL_HEAP = 512 << 20  # bytes: listing and copying files


def jvm(
    site: Site,
    main_class: str,
    args: Sequence[str],
    *,
    options: Sequence[str] = (),
    classpath: Sequence[str] = (),
    jars: Sequence[str] = (),
    heap: int = _CONTROL_HEAP,
) -> tuple[str, ...]:
    """The argv that runs main_class. options: the user's own, which take precedence. classpath, jars: before and after
    Spark's. heap: bytes."""
    return (
        site.java,
        *java.MODULE_FLAGS,
        *java.QUIET_FLAGS,
        *java.SHORT_JOB_FLAGS,
        *(() if any("GC" in option for option in options) else (java.COLLECTOR,)),
        *_archive(site.archive),
        f"-Xmx{heap >> 20}m",
        f"-Djava.io.tmpdir={site.tmp_dir}",
        f"-Dlog4j2.configurationFile=file:{site.conf_dir}/log4j2.properties",
        *options,
        "-cp",
        # The class archive requires Spark's jars first; directories may only follow them.
        ":".join([*classpath, site.jars, str(site.conf_dir), *jars]),
        main_class,
        *args,
    )


def _archive(archive: Path | None) -> tuple[str, ...]:
    return (f"-XX:SharedArchiveFile={archive}",) if archive and archive.exists() else ()

"""Map the paths in steps' arguments to paths on this machine."""

from __future__ import annotations

import posixpath
import shutil
from pathlib import Path
from urllib.parse import unquote

from localcloud.jars import here
from localcloud.steps.errors import CommandError
from localcloud.steps.rights import denial_of
from localcloud.steps.site import Site

S3_SCHEMES = ("s3", "s3a", "s3n")


def local_path(uri: str, buckets_dir: Path, hdfs_dir: Path) -> Path:
    """The file or directory that a URI names: s3://, s3a://, s3n://, hdfs://, file:// or a plain path.

    Raises CommandError for another scheme, a bucket that does not exist, or a path that leaves its bucket.
    """
    scheme, found, rest = uri.partition("://")
    if not found:
        return Path(unquote(uri.removeprefix("file:")))
    authority, _, path = rest.partition("/")
    if scheme in S3_SCHEMES:
        return _inside(_bucket(authority, buckets_dir), path, uri)
    if scheme == "hdfs":
        return _inside(hdfs_dir, path, uri)
    if scheme == "file":
        return Path("/" + path)
    raise CommandError(f"{uri}: localcloud knows s3://, hdfs:// and file://, not {scheme}://.")


def _bucket(name: str, buckets_dir: Path) -> Path:
    directory = buckets_dir / name
    if words := denial_of(name, buckets_dir) if name else None:
        raise CommandError(f"AccessDenied: {words}")
    if not name or name in {".", ".."} or not directory.is_dir():
        raise CommandError(f"NoSuchBucket: The specified bucket does not exist: {name} (status code 404).")
    return directory


def _inside(top: Path, path: str, uri: str) -> Path:
    target = posixpath.normpath(posixpath.join(str(top), path))
    if target != str(top) and not target.startswith(f"{top}/"):
        raise CommandError(f"{uri} leads out of its bucket: remove the `..`.")
    return Path(target)


def unserved(uri: str, site: Site) -> str:
    """A jar's URI by which Spark reads it from its place, if it is a file here; else the URI as it is.

    Other jars Spark's driver offers to executors, and it answers such requests before it asks for its secret
    (TransportRequestHandler.processStreamRequest of Spark 3.5): every user of this machine could read them.
    """
    try:
        path = local_path(uri.removeprefix("local:"), site.buckets_dir, site.hdfs_dir).resolve()
    except CommandError:  # spark-submit reports the error itself
        return uri
    return here(path) if path.is_file() else uri


def local_copy(uri: str, site: Site) -> Path:
    """The file of a URI, copied into the step's directory when it is in S3 or HDFS.

    Raises CommandError (exit code 1) when there is no such file.
    """
    source = local_path(uri, site.buckets_dir, site.hdfs_dir)
    if not source.is_file():
        raise CommandError(f"{uri} does not exist: upload it before the step is added, or correct the path.")
    if "://" not in uri:
        return source
    target = site.step_dir / "fetched" / source.name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(source, target)
    return target

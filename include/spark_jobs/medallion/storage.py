"""File operations by URI through Hadoop's FileSystem: the same calls reach s3:// on EMR and directories on a laptop."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # jobs without Spark use the file-name rules too
    from pyspark.sql import SparkSession

WHY_HIDDEN = "a file or folder whose name starts with _ or a dot is not read; rename it and deliver it again"
_READERS = 16  # of parts of files, at once
_METADATA = ("_common_metadata", "_metadata")


@dataclass(frozen=True)
class FileInfo:
    """One file: full URI, length in bytes, whether Spark's readers ignore it, and its modification time in milliseconds
    since 1970 (an object's LastModified)."""

    uri: str
    length: int
    hidden: bool = False
    modified: int = 0

    @property
    def name(self) -> str:
        """The last part of the URI."""
        return _last(self.uri)


def _last(uri: str) -> str:
    return uri.rsplit("/", 1)[-1]


def is_hidden(path: str) -> bool:
    """Whether Spark's readers ignore a file at this path below the folder they read, because of its own name or a
    parent folder's. The rules are Spark's: HadoopFSUtils.shouldFilterOutPathName accepts a folder _metadata, and
    PartitioningAwareFileIndex.isDataPath rejects a file of that name."""
    *folders, name = path.split("/")
    return _is_hidden_name(name) or any(_is_hidden_name(f) and not f.startswith(_METADATA) for f in folders)


def _is_hidden_name(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name) or name.endswith("._COPYING_")


class Storage:
    """The few file operations that DataFrame readers and writers do not offer."""

    def __init__(self, spark: SparkSession) -> None:
        self._gateway: Any = spark.sparkContext._gateway
        self._jvm: Any = spark.sparkContext._jvm
        # Resolved once: for each part of a class name Java searches all its jars.
        self._path_of: Any = self._jvm.org.apache.hadoop.fs.Path
        self._conf: Any = spark.sparkContext._jsc.hadoopConfiguration()

    def _open(self, uri: str) -> tuple[Any, Any]:
        path = self._path_of(uri)
        return path.getFileSystem(self._conf), path

    def exists(self, uri: str) -> bool:
        """Whether a file or a folder exists at the URI."""
        fs, path = self._open(uri)
        return bool(fs.exists(path))

    def qualified(self, uri: str) -> str:
        """The URI with its scheme, as listings and readers spell it."""
        fs, path = self._open(uri)
        return str(fs.makeQualified(path).toString())

    def files(self, uri: str) -> list[FileInfo]:
        """All files at or below the URI, sorted by URI; none if the URI does not exist."""
        fs, path = self._open(uri)
        if not fs.exists(path):
            return []
        root, listed, listing = self.qualified(uri), [], fs.listFiles(path, True)
        while listing.hasNext():
            status = listing.next()
            file = status.getPath().toString()
            hidden, modified = is_hidden(file.removeprefix(f"{root}/")), int(status.getModificationTime())
            listed.append(FileInfo(file, int(status.getLen()), hidden, modified))
        # An object store lists the "folder/" markers of consoles and old Hadoops as empty files.
        real = [f for f in listed if f.name and (f.length or not f.name.endswith("_$folder$"))]
        return sorted(real, key=lambda f: f.uri)

    def names(self, uri: str) -> list[str]:
        """The names directly below a folder, sorted; none if the folder does not exist."""
        return sorted(_last(path) for path in self._below([uri])) if self.exists(uri) else []

    def listed(self, folders: Sequence[str]) -> list[str]:
        """The URIs of what Spark reads directly in some folders, sorted; Hadoop raises when one of them does not
        exist."""
        return sorted(uri for uri in self._below(folders) if not is_hidden(_last(uri)))

    def _below(self, folders: Sequence[str]) -> list[str]:
        """The direct children of some folders. The JVM returns them as one text: one call for each would take longer
        than the listing when a history has as many folders as days."""
        if not folders:
            return []
        (fs, _), of = self._open(folders[0]), self._path_of
        paths = self._gateway.new_array(of, len(folders))
        for n, folder in enumerate(folders):
            paths[n] = of(folder)
        listed = self._jvm.org.apache.hadoop.fs.FileUtil.stat2Paths(fs.listStatus(paths))
        text = str(self._jvm.scala.Predef.genericWrapArray(listed).mkString("\0"))
        return text.split("\0") if text else []

    def size(self, uri: str) -> int:
        """Bytes at and below the URI; 0 if it does not exist."""
        fs, path = self._open(uri)
        return int(fs.getContentSummary(path).getLength()) if fs.exists(path) else 0

    def read_text(self, uri: str) -> str:
        """The content of a small UTF-8 file; empty if it does not exist."""
        fs, path = self._open(uri)
        if not fs.exists(path):
            return ""
        stream = fs.open(path)
        try:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def beginning(self, uri: str, length: int) -> bytes:
        """The first bytes of a file."""
        fs, path = self._open(uri)
        stream = fs.open(path)
        try:
            return bytes(stream.readNBytes(length))
        finally:
            stream.close()

    def parts(self, places: Sequence[tuple[str, int]], length: int) -> list[bytes]:
        """The `length` bytes at each (URI, offset), without what lies between. Several at once: an object store takes
        tens of milliseconds for each."""
        every = [places[n::_READERS] for n in range(_READERS)]
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            read = list(pool.map(lambda own: self._parts(own, length), every))
        return [read[n % _READERS][n // _READERS] for n in range(len(places))]

    def _parts(self, places: Sequence[tuple[str, int]], length: int) -> list[bytes]:
        streams, parts = dict[str, Any](), []
        try:
            for uri, offset in places:
                if uri not in streams:
                    fs, path = self._open(uri)
                    streams[uri] = fs.open(path, length)  # the second argument is the size of its buffer
                streams[uri].seek(offset)
                parts.append(bytes(streams[uri].readNBytes(length)))
        finally:
            for stream in streams.values():
                stream.close()
        return parts

    def write_text(self, uri: str, text: str) -> None:
        """Write a small UTF-8 file at the URI, replacing an existing one."""
        fs, path = self._open(uri)
        stream = fs.create(path, True)
        try:
            stream.write(bytearray(text.encode("utf-8")))
        finally:
            stream.close()

    def delete(self, uri: str) -> None:
        """Delete the file or folder with all below it; no error if it does not exist."""
        fs, path = self._open(uri)
        fs.delete(path, True)

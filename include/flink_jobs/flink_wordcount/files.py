"""HDFS file operations through Flink's own FileSystem: the same calls reach a cluster's HDFS and a laptop's
directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pyflink.java_gateway import get_gateway

from flink_wordcount.hdfs_file import CHUNK, HdfsFile


class HdfsFiles:
    """The few operations that the job needs beside its tables."""

    def __init__(self) -> None:
        self._jvm: Any = get_gateway().jvm

    def below(self, folder: str) -> list[HdfsFile]:
        """All files below a folder, sorted by path; none if the folder does not exist."""
        fs, top = self._open(folder)
        if not fs.exists(top):
            return []
        root = str(fs.getFileStatus(top).getPath().getPath())
        files = self._files(fs, top)
        listed = [HdfsFile(p.removeprefix(root).lstrip("/"), p, length) for p, length in files]
        return sorted(listed, key=lambda file: file.relative)

    def _files(self, fs: Any, folder: Any) -> Iterator[tuple[str, int]]:
        for status in fs.listStatus(folder):
            if status.isDir():
                yield from self._files(fs, status.getPath())
            else:
                yield str(status.getPath().getPath()), int(status.getLen())

    def chunks(self, folder: str, file: HdfsFile) -> Iterator[bytes]:
        """The unchanged bytes of a file below a folder, in chunks."""
        fs, top = self._open(folder)
        stream = fs.open(self._jvm.org.apache.flink.core.fs.Path(top, file.relative))
        try:
            while chunk := bytes(stream.readNBytes(CHUNK)):
                yield chunk
        finally:
            stream.close()

    def write(self, uri: str, chunks: Iterable[bytes]) -> None:
        """Write a file, replacing an existing one."""
        fs, path = self._open(uri)
        stream = fs.create(path, self._jvm.org.apache.flink.core.fs.FileSystem.WriteMode.OVERWRITE)
        try:
            for chunk in chunks:
                stream.write(chunk)
        finally:
            stream.close()

    def delete(self, folder: str) -> None:
        """Delete a folder with all below it; no error if it does not exist."""
        fs, path = self._open(folder)
        fs.delete(path, True)

    def _open(self, uri: str) -> tuple[Any, Any]:
        path = self._jvm.org.apache.flink.core.fs.Path(uri)
        return path.getFileSystem(), path

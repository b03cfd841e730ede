"""Bytes that a JVM reads from local files, by path."""

from __future__ import annotations

from typing import Any

# Without checksum files, as an object store. The streams count what their readers take.
_DISK = """
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.fs.*;

public class CountedDisk extends RawLocalFileSystem {
    public static final ConcurrentHashMap READ = new ConcurrentHashMap();

    public FSDataInputStream open(Path path, int size) throws java.io.IOException {
        READ.putIfAbsent(path.toUri().getPath(), new AtomicLong());
        AtomicLong read = (AtomicLong) READ.get(path.toUri().getPath());
        return new FSDataInputStream(new Counted(super.open(path, size), read));
    }

    public static String report() {
        StringBuilder text = new StringBuilder();
        for (Object entry : READ.entrySet()) {
            java.util.Map.Entry file = (java.util.Map.Entry) entry;
            text.append(file.getKey()).append('\\t').append(file.getValue()).append('\\n');
        }
        READ.clear();
        return text.toString();
    }

    public static class Counted extends FSInputStream {
        private final FSDataInputStream in;
        private final AtomicLong read;

        public Counted(FSDataInputStream in, AtomicLong read) { this.in = in; this.read = read; }

        private int counted(int n) { if (n > 0) { read.addAndGet(n); } return n; }

        public int read() throws java.io.IOException {
            int value = in.read();
            if (value >= 0) { read.incrementAndGet(); }
            return value;
        }

        public int read(byte[] to, int from, int n) throws java.io.IOException { return counted(in.read(to, from, n)); }

        public int read(long at, byte[] to, int from, int n) throws java.io.IOException {
            return counted(in.read(at, to, from, n));
        }

        public void seek(long at) throws java.io.IOException { in.seek(at); }
        public long getPos() throws java.io.IOException { return in.getPos(); }
        public boolean seekToNewSource(long at) { return false; }
        public int available() throws java.io.IOException { return in.available(); }
        public void close() throws java.io.IOException { in.close(); }
    }
}
"""


class Reads:
    """The reads of a session's JVM."""

    def __init__(self, session: Any) -> None:
        jvm, hadoop = session.sparkContext._jvm, session.sparkContext._jsc.hadoopConfiguration()
        compiler = jvm.org.codehaus.janino.SimpleCompiler()  # Spark brings it, for the code that it generates
        compiler.setParentClassLoader(hadoop.getClassLoader())
        compiler.cook(_DISK)
        own = jvm.org.apache.hadoop.conf.Configuration(hadoop)
        own.setClassLoader(compiler.getClassLoader())
        own.set("fs.file.impl", "CountedDisk")
        # All that open the disk share the first that was opened.
        jvm.org.apache.hadoop.fs.FileSystem.closeAll()
        jvm.org.apache.hadoop.fs.FileSystem.get(jvm.java.net.URI("file:///"), own)
        nothing = session.sparkContext._gateway.new_array(jvm.java.lang.Class, 0)
        self._report = compiler.getClassLoader().loadClass("CountedDisk").getMethod("report", nothing)
        self._arguments = session.sparkContext._gateway.new_array(jvm.java.lang.Object, 0)

    def since(self) -> dict[str, int]:
        """Bytes by path since the last call; a file that was opened has an entry."""
        lines = str(self._report.invoke(None, self._arguments)).splitlines()
        return {path: int(n) for path, n in (line.split("\t") for line in lines)}

"""Another user of this machine knocks at a step: run by root as a program, which first becomes nobody.

Spark's messages are those of Spark 3.5, common/network-common and common/network-shuffle: MessageEncoder,
protocol/Message.java and BlockTransferMessage.java, whose numbers of kinds are stated here.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - nobody could not read it later, in a Python of root's
import json
import os
import socket
import struct
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

NOBODY = 65534
SILENT_SECONDS = 3
CHUNK, RPC, STREAM = 0, 3, 6
RESPONSE = b"\4"
OPEN_BLOCKS = 0
CALL = b"c\nz:java.lang.System\ngetProperty\nsjava.class.path\ne\n"  # py4j: a static method


def main(facts: dict[str, Any]) -> None:
    """Print what each port answered to each knock, and what of the processes and files could be read."""
    os.setgroups([]), os.setgid(NOBODY), os.setuid(NOBODY)
    knocks = [(port, *knock) for port in facts["ports"] for knock in _knocks(facts)]
    with ThreadPoolExecutor(len(knocks)) as threads:
        answers = [*threads.map(lambda knock: [*knock[:2], _answers(knock[0], knock[2])], knocks)]
    print(json.dumps({"answers": answers, "read": [*_read(facts)]}))


def _knocks(facts: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The name of each, and what is said."""
    yield "py4j without token", CALL
    yield "py4j with another token", b"A\nguessed\ne\n"
    names = [facts["app"], "0", f"rdd_{facts['rows']}_0"]
    app, executor, block = (struct.pack(">i", len(name)) + name.encode() for name in names)
    message = bytes([OPEN_BLOCKS]) + app + executor + struct.pack(">i", 1) + block
    yield "the block of cached rows", _frame(RPC, struct.pack(">qi", 7, len(message)) + message)
    yield "a jar", _frame(STREAM, struct.pack(">i", 13) + b"/jars/own.jar")
    yield "a worker with another secret", struct.pack(">i", 7) + b"guessed" + b"\0" * 64


def _frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">qB", 9 + len(body), kind) + body


def _answers(port: int, knock: bytes) -> str:
    """All that comes back until the other side closes or is silent. Blocks that were opened are fetched."""
    heard, fetched = b"", False
    with socket.socket() as link, suppress(OSError):
        link.settimeout(SILENT_SECONDS)
        link.connect(("127.0.0.1", port))
        link.sendall(knock)
        while more := link.recv(1 << 16):
            heard += more
            # RpcResponse: its frame's length, kind, number and body's length; in it StreamHandle: kind, number, chunks
            if heard[8:9] == RESPONSE and len(heard) >= 34 and not fetched:
                link.sendall(_frame(CHUNK, heard[22:30] + struct.pack(">i", 0)))
                fetched = True
    return heard.decode("latin-1")


def _read(facts: dict[str, Any]) -> Iterator[list[str]]:
    """What could be read, and its text."""
    of_processes = [Path(f"/proc/{pid}/{name}") for pid in facts["pids"] for name in ("environ", "cmdline", "mem")]
    below = [Path(folder, name) for folder, _, names in os.walk(facts["top"]) for name in names]
    for path in [*of_processes, *below]:
        with suppress(OSError):
            yield [str(path), path.read_bytes().decode("latin-1")]


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

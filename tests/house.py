"""The house measured: `python -m tests.house` prints the floors of its packages and the lines of the product."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"plugins/nightshift": 7, "embedded": 8}  # the most floors that each may have
SUFFIXES = (".py", ".tf", ".sh")


def rooms(package: str) -> dict[str, set[str]]:
    """Each room of a package, such as plugins/nightshift, and the rooms that it imports. A room is a package or a
    module of it."""
    home = ROOT / package
    known = {path.stem for path in home.iterdir() if (path / "__init__.py").is_file() or path.suffix == ".py"}
    graph: dict[str, set[str]] = {}
    for path in home.rglob("*.py"):
        room = path.relative_to(home).parts[0].removesuffix(".py")
        if room != "__init__":
            graph.setdefault(room, set()).update(set(_imported(path, home.name)) & known - {room, "__init__"})
    return graph


def floors(graph: dict[str, set[str]]) -> list[list[str]]:
    """The rooms by floor, the lowest first: each room stands one floor above the highest that it imports.

    Raises ValueError, with the rooms in question, if some import each other in a circle.
    """
    placed: dict[str, int] = {}
    while left := graph.keys() - placed.keys():
        ready = [room for room in left if graph[room] <= placed.keys()]
        if not ready:
            raise ValueError(f"These rooms import each other in a circle, or import one that does: {sorted(left)}")
        placed |= {room: 1 + max((placed[below] for below in graph[room]), default=0) for room in ready}
    return [sorted(room for room in placed if placed[room] == floor) for floor in range(1, max(placed.values()) + 1)]


def product_lines() -> dict[str, int]:
    """The lines of the product (.py, .tf and .sh outside tests/) by top folder."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    lines: dict[str, int] = {}
    for name in files:
        if name.endswith(SUFFIXES) and not name.startswith("tests/"):
            top = name.partition("/")[0] if "/" in name else "."
            lines[top] = lines.get(top, 0) + len((ROOT / name).read_text(encoding="utf-8").splitlines())
    return dict(sorted(lines.items(), key=lambda item: -item[1]))


def _imported(path: Path, package: str) -> Iterator[str]:
    """The rooms of `package` that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith(f"{package}."))


def main() -> None:
    for package, most in PACKAGES.items():
        storeys = floors(rooms(package))
        print(f"{package}: {len(storeys)} floors of at most {most}, no circle")
        for floor, names in reversed(list(enumerate(storeys, 1))):
            print(f"  {floor}  {', '.join(names)}")
    lines = product_lines()
    print(f"product: {sum(lines.values())} lines of {', '.join(SUFFIXES)}")
    for top, count in lines.items():
        print(f"  {count:6}  {top}")


if __name__ == "__main__":
    main()

"""A fifth pipeline, as somebody would bring it: a package in a folder, or a wheel that names it as an entry point."""

import sys
import zipfile
from contextlib import contextmanager

DEFINITION = """
from nightshift.contracts import contract
from nightshift.contracts.pipeline import Inputs, Option, Pipeline, Step

SOURCES, GOLD = contract.beside(__file__)
PIPELINE = Pipeline(
    name="{name}",
    title="Teas",
    inputs=Inputs(prefix="{name}/%Y/%m/%d/"),
    steps=(Step("brew", ("bronze", "silver", "gold")),),
    gold=GOLD,
    sources=SOURCES,
    takes="leaves",
    gives="cups",
    options=(
        Option("strength", "Strength", "How strong.", "mild", choices=("mild", "dark")),
        Option("milk", "Milk", "Whether milk is added.", default=True),
        Option("picked", "Picked", "When the leaves were picked.", "", day=True),
    ),
)
"""
CONTRACT = """
[gold.cups]
about = "Cups of tea."
key = ["tea"]
fresh_hours = 36
columns.tea = { type = "string" }
"""
JOB = "def bronze(run):\n    ...\n\n\nsilver = gold = bronze\n"


@contextmanager
def forgotten(folder):
    """What is imported from below a folder is forgotten afterwards, and so are folders on the path."""
    path = [*sys.path]
    yield
    sys.path[:] = path
    below = [
        name for name, module in sys.modules.items() if str(getattr(module, "__file__", "")).startswith(f"{folder}/")
    ]
    for name in below:
        del sys.modules[name]


def files(name):
    """The files of the package, by their paths."""
    return {
        f"{name}/__init__.py": '"""Teas."""\n',
        f"{name}/definition.py": DEFINITION.format(name=name),
        f"{name}/contract.toml": CONTRACT,
        f"{name}/jobs/__init__.py": "",
        f"{name}/jobs/job.py": JOB,
    }


def planted(folder, name, **changed):
    """Write the package into a folder of pipelines; `changed` gives other texts for files called so, None for none."""
    for path, usual in files(name).items():
        text = changed.get(path.rpartition("/")[2].partition(".")[0], usual)
        if text is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return folder / name


def wheel(folder, name):
    """Write a wheel of the package, whose entry point names it; gives its path."""
    path, info = folder / f"{name}-1.0-py3-none-any.whl", f"{name}-1.0.dist-info"
    described = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[nightshift.pipelines]\n{name} = {name}\n",
    }
    content = files(name) | described
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in content.items():
            archive.writestr(file, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{file},,\n" for file in (*content, f"{info}/RECORD")))
    return path

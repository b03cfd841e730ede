"""Makes mutants with cosmic-ray's operators, in cosmic-ray's own environment; prints them as JSON.

    grow.py SEED SHARE FILE...

A mutant is the file's text with one small change. Left out are those that no test could see, of annotations and
decorators, and texts that Python refuses. Of the several mutants of one place the seed picks one, and of the places
a share.
"""

from __future__ import annotations

import ast
import difflib
import json
import random
import sys
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

# One sort of each is enough: arithmetic that turns a sum into a shift is seen by any test that runs the line.
ARITHMETIC = {"Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Div", "Mod_Mul", "Pow_Mul"}
SILLY = ("_Is", "_IsNot")  # `is` where no `is` was: of texts and moments a linter refuses it
OTHERS = {"AddNot", "NumberReplacer", "ZeroIterationForLoop", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"}
OTHERS |= {"ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak"}


def main(seed: str, share: str, *files: str) -> None:
    grown = [mutant for file in files for mutant in mutants(Path(file), seed)]
    chosen = [mutant for mutant in grown if drawn(seed, mutant["file"], mutant["was"], mutant["is"]) < float(share)]
    json.dump({"places": len(grown), "mutants": chosen}, sys.stdout)


def mutants(file: Path, seed: str) -> list[dict[str, str]]:
    """One mutant for each place of a file that has any."""
    source = file.read_text(encoding="utf-8")
    places: dict[object, list[dict[str, str]]] = {}
    for name in sorted(operator_names()):
        if is_wanted(name.removeprefix("core/")):
            for place, text in changed(source, get_operator(name)()):
                if differs(source, text):
                    was, new = lines(source, text)
                    found = {"file": str(file), "was": was, "is": new, "text": text}
                    places.setdefault(place, []).append(found)
    one = [min(found, key=lambda m: drawn(seed, m["file"], m["was"], m["is"])) for found in places.values()]
    return list({(mutant["was"], mutant["is"]): mutant for mutant in one}.values())


def is_wanted(name: str) -> bool:
    kind, _, what = name.partition("_")
    if what.endswith(SILLY) and not what.startswith("Is"):
        return False
    return kind in {*OTHERS, "ReplaceComparisonOperator"} or (kind == "ReplaceBinaryOperator" and what in ARITHMETIC)


def changed(source, operator):
    """Every text that the operator makes of the source, with where it changed it."""
    places = [place for node in ast_nodes(get_ast(source)) for place in operator.mutation_positions(node)]
    for occurrence, place in enumerate(places):
        if text := mutate_code(source, operator, occurrence):
            yield place, text


def differs(source: str, text: str) -> bool:
    try:
        return bare(source) != bare(text)
    except SyntaxError:
        return False


def bare(source: str) -> str:
    """A program without its annotations and decorators (here: dataclass, property, contextmanager)."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if getattr(node, field, None) is not None:
                setattr(node, field, ast.Constant(None))
        if hasattr(node, "decorator_list"):
            node.decorator_list = []
    return ast.dump(tree)


def lines(source: str, text: str) -> tuple[str, str]:
    """The lines that differ, before and after, each as one: a mutant's name, which outlives a move of the lines. A line
    that the file has more than once is told with the one above it."""
    before, after = source.splitlines(), text.splitlines()
    was, new = [], []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            above = before[a - 1 : a] if before.count(before[a]) > 1 else []
            was, new = [*was, *above, *before[a:b]], [*new, *above, *after[c:d]]
    return " ".join(" ".join(was).split()), " ".join(" ".join(new).split())


def drawn(*words: str) -> float:
    """A number between 0 and 1 that these words alone decide."""
    return random.Random("\0".join(words)).random()


if __name__ == "__main__":
    main(*sys.argv[1:])

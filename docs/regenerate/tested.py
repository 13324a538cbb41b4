"""Write ``docs/reference/tested.md`` from reports of the tests, or with ``--check`` say whether the two agree.

    TRUEWHEEL_EXTENDED=1 python tests/run.py --junitxml results.xml tests/builds/test_examples.py tests/builds/test_front_ends.py
    python docs/regenerate/tested.py [--check] results.xml...

A cell is a kind of extension, a Python and a front end that a test of these reports went through to its end. With
``--check``, every cell that was run must be in the table, except those of Pythons that it knows nothing of; a run that is
not the extended one has fewer.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

TARGET = Path(__file__).parents[1] / "reference" / "tested.md"
FRONT_ENDS = ("pip", "build", "uv")
Cell = tuple[str, str, str]

INTRODUCTION = """\
# What is tested

Rows are the [kinds of extension](../how-to/kinds-of-extension.md), columns are the Pythons. A cell
lists the front ends that built the project, installed it into a fresh environment and ran its tests
there. Every entry is a test that passed in the extended run of the tests. The usual run takes some
of them. If a cell has more than one front end, all of them made the same wheel, byte for byte.

<!-- written by docs/regenerate/tested.py from a report of the tests -->
"""


def cells(report: Path) -> set[Cell]:
    """The cells of all tests in a JUnit report that passed."""
    found: set[Cell] = set()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # pytest's own report
        if any(
            case.find(outcome) is not None
            for outcome in ("failure", "error", "skipped")
        ):
            continue
        for known in case.iter("property"):
            if known.get("name") == "cell":
                kind, python, front_end = (known.get("value") or "").split("/")
                found.add((kind, python, front_end))
    return found


def page(found: set[Cell]) -> str:
    """The page with the table of ``found``."""
    pythons = sorted({python for _, python, _ in found}, key=_order)
    grid: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for kind, python, front_end in found:
        grid[kind][python].add(front_end)
    lines = [f"| kind | {' | '.join(pythons)} |", f"|---|{'---|' * len(pythons)}"]
    lines += [
        _row(kind, [grid[kind].get(python, set()) for python in pythons])
        for kind in sorted(grid)
    ]
    return INTRODUCTION + "\n" + "\n".join(lines) + "\n"


def _order(python: str) -> tuple[str, list[int], bool]:
    implementation, _, version = python.rpartition(" ")
    return (
        implementation,
        [int(n) for n in version.rstrip("t").split(".")],
        version.endswith("t"),
    )


def _row(kind: str, by: list[set[str]]) -> str:
    told = (", ".join(sorted(names, key=FRONT_ENDS.index)) for names in by)
    return f"| [{kind}](../how-to/kinds-of-extension.md#{kind}) | {' | '.join(told)} |"


def listed(text: str) -> set[Cell]:
    """The cells of a page: the reverse of :func:`page`."""
    rows = [
        [word.strip() for word in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    if len(rows) < 2:
        return set()
    header, _, *body = rows
    by: Mapping[int, str] = dict(enumerate(header))
    return {
        (row[0][1:].partition("]")[0], by[column], front_end)
        for row in body
        for column, told in enumerate(row)
        if column
        for front_end in told.split(", ")
        if front_end
    }


def main(arguments: list[str]) -> int:
    """Compare or write."""
    reports = [Path(a) for a in arguments if a != "--check"]
    found = {cell for report in reports for cell in cells(report)}
    if "--check" not in arguments:
        TARGET.write_text(page(found), encoding="utf-8")
        return 0
    told = listed(TARGET.read_text(encoding="utf-8") if TARGET.is_file() else "")
    pythons = {python for _, python, _ in told}
    missing = sorted(cell for cell in found - told if cell[1] in pythons)
    for cell in missing:
        print(
            f"{TARGET.name} lacks {' '.join(cell)}, which was tested: write it anew from an extended run"
        )
    if not found:
        print("no report tells of a kind of extension that was tested")
    return 1 if missing or not found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

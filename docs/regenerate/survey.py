"""Write ``docs/explanation/what-check-finds.md`` from what ``truewheel check`` says of the survey's wheels.

    truewheel check --json WHEELS... > said.json
    python docs/regenerate/survey.py said.json...

The numbers are counted from the documents. The words, what causes a finding and why it is no false alarm, are written by hand
in ``survey.toml`` beside this script. Nothing is written when a code lacks them: every code of level error, and every warning
that more than two in a hundred wheels have.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import tomllib

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from support import survey  # noqa: E402
from truewheel.model.codes import CODES  # noqa: E402

TARGET = ROOT / "docs" / "explanation" / "what-check-finds.md"
WORDS = Path(__file__).with_name("survey.toml")
WIDTH = 100
OFTEN = 0.02
"""Share of the wheels above which a warning needs a text that says why it is right."""
LEVELS = ("error", "warning", "note")

INTRODUCTION = """\
# What `check` finds in published wheels

Can `truewheel check` be believed? Here it has looked at {wheels} published wheels of {projects}
projects. Nearly all projects are among the most used ones with compiled code. The wheels are for
{families}. `tests/corpus/survey.toml` lists them together with `tests/corpus/published.toml` and
`tests/corpus/published-others.toml`. A share is one of all these wheels or of all these projects. A
project is counted where one of its wheels has the finding.

{clean} wheels ({clean_share}) have neither an error nor a warning. {errors} ({errors_share}) have
an error.

The sample is no fair one. It has several wheels of each project, and more of small projects than of
large ones, for no wheel is larger than 25 MB.

<!-- written by docs/regenerate/survey.py from a run's JSON and from docs/regenerate/survey.toml -->
"""
SPOT_CHECKS = """\
[Spot checks](spot-checks.md) shows for some of these wheels what other tools print. The tests hold
every error to a list with its cause, `tests/corpus/survey-errors.toml`.
"""


class Row(NamedTuple):
    """How often a code was found at one level."""

    code: str
    level: str
    wheels: int
    projects: int


class Counted(NamedTuple):
    """What a run says, in numbers."""

    wheels: int
    projects: int
    families: Mapping[str, int]
    clean: int
    with_errors: int
    rows: list[Row]


# --- counting ---------------------------------------------------------------------------------------------------


def counted(documents: Iterable[Mapping[str, Any]]) -> Counted:
    """Count what is said of wheels, given as the ``wheels`` of a JSON document of ``truewheel check``."""
    wheels_with: dict[tuple[str, str], set[str]] = defaultdict(set)
    levels: dict[str, set[str]] = {}
    for wheel in documents:
        name = wheel["file"]
        levels[name] = {found["severity"] for found in wheel["findings"]}
        for found in wheel["findings"]:
            wheels_with[found["code"], found["severity"]].add(name)
    rows = [
        Row(code, level, len(names), len({project_of(name) for name in names}))
        for (code, level), names in wheels_with.items()
    ]
    rows.sort(key=lambda row: (LEVELS.index(row.level), -row.wheels, row.code))
    return Counted(
        wheels=len(levels),
        projects=len({project_of(name) for name in levels}),
        families=Counter(survey.family_of(name) for name in levels),
        clean=sum(not found & {"error", "warning"} for found in levels.values()),
        with_errors=sum("error" in found for found in levels.values()),
        rows=rows,
    )


def project_of(filename: str) -> str:
    """Return the normalised name of the project that a wheel is of."""
    return re.sub(r"[-_.]+", "-", filename.partition("-")[0]).lower()


# --- words ------------------------------------------------------------------------------------------------------


def lacking(found: Counted, words: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the codes for which a text has to be written, sorted."""
    needed = {
        row.code
        for row in found.rows
        if row.level == "error"
        or (row.level == "warning" and row.wheels > OFTEN * found.wheels)
    }
    return sorted(
        code for code in needed if not {"cause", "right"} <= words.get(code, {}).keys()
    )


# --- the page ---------------------------------------------------------------------------------------------------


def page(found: Counted, words: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page."""
    introduction = INTRODUCTION.format(
        wheels=f"{found.wheels:,}",
        projects=found.projects,
        families=_listed(found.families),
        clean=f"{found.clean:,}",
        clean_share=_share(found.clean, found.wheels),
        errors=f"{found.with_errors:,}",
        errors_share=_share(found.with_errors, found.wheels),
    )
    parts = [_filled(introduction), _table(found)]
    told = [code for code in sorted({row.code for row in found.rows}) if code in words]
    parts += ["## What causes them, and why they are right\n", SPOT_CHECKS]
    parts += [_section(code, words[code]) for code in told]
    return "\n".join(parts)


def _filled(text: str) -> str:
    """Return paragraphs wrapped anew, for numbers have changed their length."""
    paragraphs = text.rstrip("\n").split("\n\n")
    filled = [
        paragraph
        if paragraph.startswith(("#", "<!--"))
        else textwrap.fill(
            paragraph, WIDTH, break_long_words=False, break_on_hyphens=False
        )
        for paragraph in paragraphs
    ]
    return "\n\n".join(filled) + "\n"


def _listed(families: Mapping[str, int]) -> str:
    """Return the kinds of system with their numbers of wheels, as part of a sentence."""
    parts = [
        f"{name} ({number:,})"
        for name, number in sorted(families.items(), key=lambda pair: -pair[1])
    ]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _share(part: int, whole: int) -> str:
    """Return a share in percent.

    >>> _share(1, 8)
    '12.5 %'
    """
    return f"{100 * part / whole:.1f} %"


def _table(found: Counted) -> str:
    """Return the table of all codes."""
    lines = [
        "| code | level | wheels | share | projects | share |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for row in found.rows:
        title = CODES[row.code].title
        anchor = re.sub(r"[^\w -]", "", f"{row.code}: {title}".lower()).replace(
            " ", "-"
        )
        link = f"[{row.code}](../reference/findings.md#{anchor}) {title}"
        lines.append(
            f"| {link} | {row.level} | {row.wheels} | {_share(row.wheels, found.wheels)}"
            f" | {row.projects} | {_share(row.projects, found.projects)} |"
        )
    return "\n".join(lines) + "\n"


def _section(code: str, words: Mapping[str, str]) -> str:
    """Return what is written about one code."""
    text = f"{words['cause']}\n\n{words['right']}"
    return f"### {code}: {CODES[code].title}\n\n{_filled(' '.join(text.split(' ')))}"


def main(paths: list[str]) -> int:
    """Write the page; return 1 when a text is missing."""
    documents = [
        wheel
        for path in paths
        for wheel in json.loads(Path(path).read_text(encoding="utf-8"))["wheels"]
    ]
    found = counted(documents)
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    missing = lacking(found, words)
    for code in missing:
        print(f"{WORDS.name} lacks what causes {code} and why it is right")
    if missing:
        return 1
    TARGET.write_text(page(found, words), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

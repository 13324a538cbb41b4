"""Write the generated pages and tables anew, or with ``--check`` say whether they are up to date.

These are the reference of settings and of findings, and the table of where each finding is decided.
"""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "truewheel"
sys.path.insert(0, str(ROOT / "src"))

from truewheel import finding_pages as pages  # noqa: E402
from truewheel.model.codes import CODES  # noqa: E402
from truewheel.project_settings.reference import reference  # noqa: E402

SETTINGS = ROOT / "docs" / "reference" / "settings.md"
FINDINGS = ROOT / "docs" / "reference" / "findings.md"
WAY = ROOT / "docs" / "explanation" / "a-wheels-way.md"
WIDTH = 100
"""Columns of a page; ``tests/docs/test_docs.py`` holds all of docs/ to it."""
BEGIN, END = "<!-- begin: docs/regenerate/reference.py -->", "<!-- end -->"
"""What stands around a table in a page that is otherwise written by hand."""
INTRODUCTION = """\
This page holds what `truewheel explain CODE` prints. The codes that begin with TW2 are about
libraries, TW3 about platforms, TW4 about Python, and TW5 about the wheel as an archive and a
package.
"""
CATALOGUE = SOURCE / "model" / "codes.py"


def settings() -> str:
    """Return the page of the settings, with its paragraphs wrapped."""
    paragraphs = reference().split("\n\n")
    return "\n\n".join(wrapped(paragraph) for paragraph in paragraphs)


def wrapped(paragraph: str) -> str:
    """Return ``paragraph`` in lines of at most :data:`WIDTH` columns, or unchanged if it is a heading or a table.

    Words are never split: a setting's name or an option has to stay whole to be found.
    """
    if paragraph.startswith(("#", "|")):
        return paragraph
    ends = "\n" if paragraph.endswith("\n") else ""
    return (
        textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)
        + ends
    )


def findings() -> str:
    """Return all pages of findings in one, below a table of them."""
    rows = []
    for code, title in pages.titles().items():
        severities = ", ".join(severity.value for severity in CODES[code].severities)
        rows.append(
            f"| [{code}](#{anchor(f'{code}: {title}')}) | {title} | {severities} |"
        )
    parts = [
        "# Findings\n",
        INTRODUCTION,
        "| code | title | severity |\n|---|---|---|\n" + "\n".join(rows) + "\n",
    ]
    for code in pages.titles():
        page = pages.page(code).replace("\n## ", "\n### ")
        parts.append(page.replace("# TW", "## TW", 1))
    return "\n".join(parts)


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading: small letters, no punctuation, dashes for blanks."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def way() -> str:
    """Return the page on a wheel's way, with its table of where findings are decided."""
    text = WAY.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [
        f"| `{file}` | {', '.join(codes)} |" for file, codes in decided_in().items()
    ]
    table = "| made in | codes |\n|---|---|\n" + "\n".join(rows)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def decided_in() -> dict[str, list[str]]:
    """Return the codes of the findings that each file makes, by its path in the package."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        codes = codes_made_in(path) if path != CATALOGUE else set()
        if codes:
            found[path.relative_to(SOURCE).as_posix()] = sorted(codes)
    return found


def codes_made_in(path: Path) -> set[str]:
    """Return the codes that a module has as constants, except those that it only compares with."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    compared = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            compared.update(id(part) for part in ast.walk(node))
    codes = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and node.value in CODES
            and id(node) not in compared
        ):
            codes.add(node.value)
    return codes


def main() -> int:
    """Write the pages, or with ``--check`` compare them with what is there."""
    wanted = {SETTINGS: settings(), FINDINGS: findings(), WAY: way()}
    stale = [
        path
        for path, text in wanted.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        for path in stale:
            print(
                f"{path.relative_to(ROOT)} is stale: run python docs/regenerate/reference.py"
            )
        return 1 if stale else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

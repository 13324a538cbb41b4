"""The pages for people: what they name exists, their links lead somewhere, and their lines can be read anywhere."""

from __future__ import annotations

import builtins
import re
from pathlib import Path

import pytest

from support.paths import ROOT, SOURCE

WIDTH = 100
"""Columns of a line; tables, code and links are as long as they have to be."""

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
    *sorted((SOURCE / "findings").glob("*.md")),
]
ABOUT_THE_SOURCE = [
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs" / "explanation").glob("*.md")),
]
"""Pages that name files, modules and classes of this repository."""


def name_of(page: Path) -> str:
    """Return the path of ``page`` for a test's name."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> list[str]:
    """Return the lines of ``page`` without those of fenced and indented code."""
    lines = []
    is_fenced = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            is_fenced = not is_fenced
        elif not is_fenced and not line.startswith("    "):
            lines.append(line)
    return lines


def code_spans(page: Path) -> set[str]:
    """Return what stands between backticks in the prose of ``page``, also where a span goes on in the next line."""
    text = "\n".join(prose(page))
    return {" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)}


# --- names of the source ----------------------------------------------------------------------------------------


def is_path(span: str) -> bool:
    """Tell whether a code span names a file or folder of this repository, and not one in somebody's wheel."""
    if not re.fullmatch(r"[\w./*-]+", span) or span.startswith("/"):
        return False
    top = span.partition("/")[0]
    has_known_top = "/" in span and ((ROOT / top).is_dir() or (SOURCE / top).is_dir())
    return has_known_top or span.endswith((".py", "/"))


def exists(path: str) -> bool:
    """Tell whether ``path``, which may have a ``*``, is in the repository or in the package."""
    return any(any(root.glob(path.rstrip("/"))) for root in (ROOT, SOURCE))


@pytest.mark.parametrize("page", ABOUT_THE_SOURCE, ids=name_of)
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = {span for span in code_spans(page) if is_path(span)}
    missing = {path for path in named if not exists(path) and path != "__init__.py"}
    assert missing == set()


@pytest.mark.parametrize("page", ABOUT_THE_SOURCE, ids=name_of)
def test_modules_that_a_page_names_exist(page: Path) -> None:
    modules = {
        span for span in code_spans(page) if re.fullmatch(r"truewheel(\.\w+)+", span)
    }
    missing = set()
    for module in modules:
        path = SOURCE.parent / module.replace(".", "/")
        if not path.is_dir() and not path.with_suffix(".py").is_file():
            missing.add(module)
    assert missing == set()


@pytest.mark.parametrize("page", ABOUT_THE_SOURCE, ids=name_of)
def test_classes_that_a_page_names_exist(page: Path) -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")
    )
    classes = set(re.findall(r"^class (\w+)", sources, re.MULTILINE))
    named = {span for span in code_spans(page) if re.fullmatch(r"([A-Z][a-z]+)+", span)}
    missing = {
        name for name in named if name not in classes and not hasattr(builtins, name)
    }
    assert missing == set()


def test_the_table_of_where_findings_are_decided_has_every_code() -> None:
    """The table itself is made by ``docs/regenerate/reference.py``."""
    text = (ROOT / "docs" / "explanation" / "a-wheels-way.md").read_text(
        encoding="utf-8"
    )
    table = text.partition("## Where a finding is decided")[2].partition("\n## ")[0]
    missing = {
        path.stem
        for path in (SOURCE / "findings").glob("TW*.md")
        if path.stem not in table
    }
    assert missing == set()


# --- what truewheel says ----------------------------------------------------------------------------------------

QUOTED = [
    ("README.md", "is named for"),
    ("README.md", "built: warm: "),
    ("docs/tutorial/first-wheel.md", "nothing in the binaries asks for more"),
    ("docs/how-to/warm-builds.md", "warm, configured anew: "),
    ("docs/how-to/warm-builds.md", "nothing changed"),
    ("docs/how-to/warm-builds.md", "from nothing: "),
    ("docs/how-to/when-a-build-fails.md", "was not found"),
    (
        "docs/how-to/when-a-build-fails.md",
        "build-system.requires in pyproject.toml lacks ",
    ),
    (
        "docs/how-to/when-a-build-fails.md",
        "without build isolation, also: pip install ",
    ),
    ("docs/how-to/when-a-build-fails.md", "no CMake here fits"),
    ("docs/how-to/when-a-build-fails.md", "there is no CMake here"),
    ("docs/how-to/when-a-build-fails.md", "does not say which CMake it needs"),
    ("docs/how-to/variants.md", "needs more of the CPU than the variant "),
    ("docs/how-to/variants.md", "its notes say that it needs "),
    ("docs/explanation/glossary.md", "is not true of it"),
]
"""Pages, and what they quote of truewheel's own messages."""


@pytest.mark.parametrize(("page", "message"), QUOTED)
def test_messages_that_a_page_quotes_are_those_of_the_source(
    page: str, message: str
) -> None:
    sources = [path for kind in ("*.py", "*.json") for path in SOURCE.rglob(kind)]
    assert message in (ROOT / page).read_text(encoding="utf-8")
    assert any(
        message.removeprefix("built: ") in path.read_text(encoding="utf-8")
        for path in sources
    )


# --- links ------------------------------------------------------------------------------------------------------


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading: small letters, no punctuation, dashes for blanks."""
    text = heading.lstrip("#").strip().lower()
    return re.sub(r"[^\w -]", "", text).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """Return the anchors of all headings of ``page``."""
    return {anchor(line) for line in prose(page) if line.startswith("#")}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = "\n".join(prose(page))
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, fragment = target.partition("#")
        place = page.parent / path if path else page
        is_broken = not place.exists() or (fragment and fragment not in anchors(place))
        if is_broken:
            broken.append(target)
    assert broken == []


# --- lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_lines_are_wrapped(page: Path) -> None:
    long_lines = []
    for line in prose(page):
        is_exempt = line.startswith(("|", "<!--")) or "](" in line or "://" in line
        if len(line) > WIDTH and not is_exempt:
            long_lines.append(line)
    assert long_lines == []

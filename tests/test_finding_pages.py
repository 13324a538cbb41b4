"""Every finding has its page and a test; the generated reference is up to date. See also tests/docs/test_docs.py."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from support.paths import ROOT
from truewheel import finding_pages as pages
from truewheel.project_settings.reference import reference

SOURCES = list((ROOT / "src").rglob("*.py"))
CODE = re.compile(r'"(TW[1-9]\d\d)"')


def emitted() -> set[str]:
    return {
        code for p in SOURCES for code in CODE.findall(p.read_text(encoding="utf-8"))
    }


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert emitted() == set(pages.titles())


@pytest.mark.parametrize("code", sorted(pages.titles()))
def test_every_page_has_its_sections(code: str) -> None:
    text = pages.page(code)
    assert re.match(rf"# {code}: .+\n\nSeverity: (error|warning|note)", text)
    for heading in ("## What it means", "## Causes", "## Cure"):
        assert heading in text
    assert len(text) > 150


def test_every_code_is_provoked_by_a_test() -> None:
    tests = "".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py")
    )
    assert {c for c in emitted() if c not in tests} == set()


def test_the_generated_reference_is_up_to_date() -> None:
    subprocess.run(
        [sys.executable, ROOT / "docs" / "regenerate" / "reference.py", "--check"],
        check=True,
    )
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert paragraphs(page) == paragraphs(reference())


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of ``text`` without line breaks, which the script sets anew."""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def test_no_file_names_the_host_of_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    for name in filter(None, listed):
        path = ROOT / name
        if (
            path.is_file()
            and not path.is_symlink()
            and path.suffix in {".py", ".md", ".toml", ".json", ".cmake", ".txt", ""}
        ):
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not re.search(
                r"files\.python" r"hosted|registry\.np" r"mjs|deb\.deb" r"ian", text
            ), name

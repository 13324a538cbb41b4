"""The page about what ``check`` finds in published wheels, which ``docs/regenerate/survey.py`` writes."""

from __future__ import annotations

import importlib.util
import re
import sys
from types import ModuleType

import pytest
import tomllib

from support.paths import ROOT
from truewheel.model.codes import CODES

SCRIPT = ROOT / "docs" / "regenerate" / "survey.py"
PAGE = ROOT / "docs" / "explanation" / "what-check-finds.md"
WORDS = tomllib.loads(SCRIPT.with_suffix(".toml").read_text(encoding="utf-8"))
LINUX, WINDOWS = "a-1-cp313-cp313-manylinux_2_28_x86_64.whl", "b-1-py3-none-win32.whl"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("survey_page", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def said(filename: str, *findings: str) -> dict[str, object]:
    """Return the document of one wheel; a finding is a code and a level."""
    rows = [dict(zip(("code", "severity"), f.split(), strict=True)) for f in findings]
    return {"file": filename, "findings": rows}


def told() -> list[tuple[str, str]]:
    """Return the codes and levels in the page's table."""
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^\| \[(TW\d+)\]\(.*?\) [^|]+ \| (\w+) \|", text, re.MULTILINE)


def test_the_page_tells_of_codes_that_there_are_at_levels_that_they_have() -> None:
    assert len(told()) > 10
    for code, level in told():
        assert level in {severity.value for severity in CODES[code].severities}, code


def test_the_page_has_the_words_of_its_data_file(script: ModuleType) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for code in {code for code, _ in told()} & WORDS.keys():
        assert script._section(code, WORDS[code]) in text, code


def test_a_wheel_counts_once_for_a_code_and_a_project_once_for_its_wheels(
    script: ModuleType,
) -> None:
    other = LINUX.replace("cp313", "cp312")
    found = script.counted(
        [
            said(LINUX, "TW301 error", "TW301 error", "TW514 note"),
            said(other, "TW301 error"),
            said(WINDOWS, "TW514 note"),
        ]
    )
    assert found.rows == [("TW301", "error", 2, 1), ("TW514", "note", 2, 2)]
    assert (found.wheels, found.projects, found.clean, found.with_errors) == (
        3,
        2,
        1,
        2,
    )
    assert found.families == {"manylinux": 2, "windows": 1}


def test_a_frequent_warning_and_every_error_need_words(script: ModuleType) -> None:
    many = [said(f"p{n}-1-py3-none-win32.whl") for n in range(98)]
    rare = script.counted([*many, said(WINDOWS, "TW201 warning"), said(LINUX)])
    assert script.lacking(rare, {}) == []
    often = script.counted([said(WINDOWS, "TW201 warning"), said(LINUX, "TW301 error")])
    assert script.lacking(often, {}) == ["TW201", "TW301"]
    words = {"TW201": {"cause": "x", "right": "y"}, "TW301": {"cause": "x"}}
    assert script.lacking(often, words) == ["TW301"]

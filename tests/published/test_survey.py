"""``truewheel check`` over the survey: nothing ends in a traceback, and every error and every broken binary is known, with its cause.

CI takes a fixed part of the wheels, the extended run all of them. ``support/survey.py`` says how they are listed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import snapshot
from support import needs, published, survey
from support.paths import CORPUS

GROUPS = survey.grouped(survey.sample())
BROKEN = "TW517"


def paths_of(group: str) -> list[Path]:
    """Return the wheels of one group; without one of them, the test is skipped, or in CI fails."""
    rows = GROUPS[group]
    found = []
    for row, path in zip(rows, survey.fetched(rows), strict=True):
        found.append(path or needs.missing(f"{row.filename} from the package index"))
    return found


def grave_codes(said: dict) -> set[str]:
    """Return the codes of the errors in a wheel's document, and that of a binary that is called broken."""
    codes = set()
    for found in said["findings"]:
        is_broken = found["code"] == BROKEN and found["severity"] != "note"
        if found["severity"] == "error" or is_broken:
            codes.add(found["code"])
    return codes


def test_the_list_is_as_the_script_writes_it() -> None:
    rows = published.listed(survey.SURVEY)
    text = (CORPUS / survey.SURVEY).read_text(encoding="utf-8")
    assert text == survey.as_text(rows)
    assert len({row.filename for row in rows}) == len(rows)
    for row in rows:
        assert row.family == survey.family_of(row.filename)


def test_the_part_for_ci_is_varied_and_quick_to_download() -> None:
    rows = [row for row in published.listed(survey.SURVEY) if row.is_in_ci]
    assert len(rows) == survey.IN_CI
    assert sum(row.size for row in rows) < 150_000_000
    families = {row.family for row in rows}
    assert families == {row.family for row in published.listed(survey.SURVEY)}
    assert len({row.requirement.partition("==")[0] for row in rows}) > 30


def test_recorded_errors_are_of_listed_wheels() -> None:
    listed = {row.filename for row in published.listed(survey.SURVEY)}
    assert survey.recorded().keys() <= listed


@pytest.mark.network
@pytest.mark.parametrize("group", GROUPS)
def test_only_recorded_errors_are_found(group: str) -> None:
    paths = paths_of(group)
    said = snapshot.asked("check", paths)
    assert said.keys() == set(paths)
    found = {path.name: grave_codes(document) for path, document in said.items()}
    expected = {path.name: survey.recorded().get(path.name, set()) for path in paths}
    assert found == expected

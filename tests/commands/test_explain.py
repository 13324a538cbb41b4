"""``truewheel explain``: the page of a finding, and lists of findings."""

from __future__ import annotations

import pytest

from truewheel import finding_pages
from truewheel.cli import main


@pytest.mark.parametrize("code", ["TW301", "301", "tw301", " TW301 "])
def test_codes_may_be_written_as_people_type_them(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", code]) == 0
    assert capsys.readouterr().out.startswith("# TW301:")


def test_without_a_code_all_findings_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == list(finding_pages.titles())


@pytest.mark.parametrize(
    ("text", "prefix"),
    [("TW", "TW"), ("t", "TW"), ("3", "TW3"), ("tw31", "TW31"), ("54", "TW54")],
)
def test_a_prefix_lists_the_findings_that_it_covers(
    text: str, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", text]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [
        code for code in finding_pages.titles() if code.startswith(prefix)
    ]
    assert len(listed) > 1


@pytest.mark.parametrize("code", ["", "TX", "999", "W301", "TW3011"])
def test_a_finding_that_does_not_exist_is_told(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", code]) == 2
    assert "there is no finding" in capsys.readouterr().err


def test_a_code_that_nearly_exists_is_told_with_a_guess(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["explain", "TW391"]) == 2
    assert "did you mean" in capsys.readouterr().err

"""Published wheels whose libraries lie in other published wheels: true alone as far as is known, and true beside those."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import needs, published
from truewheel.audit.truth import Checked
from truewheel.audit.verdict import check
from truewheel.model.neighbours import neighbour_of
from truewheel.model.record import replace
from truewheel.system.wheels.reading import read_wheel

pytestmark = pytest.mark.network
PAIRS = "published-pairs.toml"
ROWS = {row.requirement.partition("==")[0]: row for row in published.listed(PAIRS)}
LARGE = {"pyqt5"}
"""What needs a wheel of more than 50 MB: only in the extended run."""
IS_EXTENDED = os.environ.get("TRUEWHEEL_EXTENDED", "") not in {"", "0"}


def path_of(name: str) -> Path:
    row = ROWS[name]
    return published.have(row) or needs.missing(
        f"{row.filename} from the package index"
    )


def judged(name: str, *others: str) -> Checked:
    """Return what is concluded of a wheel beside others."""
    neighbours = [neighbour_of(read_wheel(path_of(other))) for other in others]
    return check(read_wheel(path_of(name)), neighbours=neighbours, select=("TW2",))


@pytest.mark.parametrize(
    ("name", "other", "codes"),
    [
        # librmm/load.py loads the other's library first
        ("librmm-cu12", "rapids-logger", {"TW202"}),
        # both are installed into <prefix>/lib, with and without a search path
        ("umf", "tcmlib", set()),
        ("tbb", "tcmlib", {"TW202"}),
        # $ORIGIN/Qt5/lib: the other's files lie in the package of the one that needs them
        ("pyqt5", "pyqt5-qt5", set()),
    ],
)
def test_a_wheel_is_true_beside_the_one_that_supplies_its_libraries(
    name: str, other: str, codes: set[str]
) -> None:
    if name in LARGE and not IS_EXTENDED:
        pytest.skip("50 MB are for the extended run (TRUEWHEEL_EXTENDED=1)")
    alone = judged(name)
    assert alone.is_true
    told = {finding.code for finding in alone.findings}
    assert "TW208" in told
    assert "TW201" not in told
    together = judged(name, other)
    assert together.is_true
    assert {finding.code for finding in together.findings} == codes


def test_a_requirement_that_is_taken_out_of_a_published_wheel_is_missed() -> None:
    facts = read_wheel(path_of("librmm-cu12"))
    logger = neighbour_of(read_wheel(path_of("rapids-logger")))
    lines = (facts.metadata or "").splitlines(keepends=True)
    kept = [line for line in lines if "rapids-logger" not in line]
    found = check(
        replace(facts, metadata="".join(kept)), neighbours=[logger], select=("TW2",)
    )
    (finding,) = [one for one in found.findings if one.code == "TW207"]
    assert 'dependencies = ["rapids-logger==0.3.0"]' in (finding.hint or "")

"""What ``show`` and ``check`` say of the published wheels is what was recorded of them (``snapshot.py`` says how and why)."""

from __future__ import annotations

from pathlib import Path

import pytest

import snapshot
from support import needs, published

TAKEN = [
    (manifest, row)
    for manifest in snapshot.MANIFESTS
    for row in published.sample(manifest)
]
GROUPS = range(0, len(TAKEN), snapshot.AT_ONCE)


def wheels(start: int) -> list[Path]:
    """Return one group of the wheels that this run takes."""
    found = []
    for manifest, row in TAKEN[start : start + snapshot.AT_ONCE]:
        path = published.fetched(manifest).get(row.filename)
        found.append(
            path
            if path is not None
            else needs.missing(f"{row.filename} from the package index")
        )
    return found


def test_every_published_wheel_is_recorded() -> None:
    listed = {
        row.filename
        for manifest in snapshot.MANIFESTS
        for row in published.listed(manifest)
    }
    assert snapshot.recorded().keys() == listed
    assert snapshot.RECORD.stat().st_size < 400_000
    assert snapshot.as_text(snapshot.recorded()) == snapshot.RECORD.read_text(
        encoding="utf-8"
    )


@pytest.mark.network
@pytest.mark.parametrize("start", GROUPS)
def test_wheels_are_judged_as_recorded(start: int) -> None:
    found = {
        name: snapshot.line(said)
        for name, said in snapshot.said_of(wheels(start)).items()
    }
    for name, line in found.items():
        record = snapshot.recorded()[name]
        assert line == {key: record[key] for key in line}, name


@pytest.mark.network
@pytest.mark.extended
@pytest.mark.parametrize("start", GROUPS)
def test_claims_are_judged_as_recorded(start: int) -> None:
    for name, claims in snapshot.said_of_claims(wheels(start)).items():
        assert snapshot.digest(claims) == snapshot.recorded()[name]["claims"], name


@pytest.mark.network
@pytest.mark.extended
@pytest.mark.parametrize("start", GROUPS)
def test_altered_wheels_are_judged_as_recorded(start: int) -> None:
    for name, altered in snapshot.said_of_altered(wheels(start)).items():
        assert snapshot.digest(altered) == snapshot.recorded()[name]["altered"], name

"""The tables of knowledge: read as ``json`` reads them, whatever the Python."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from support.paths import ROOT
from truewheel import data_tables

SOURCE = ROOT / "src" / "truewheel"
TABLES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.json"))


@pytest.fixture(autouse=True)
def _nothing_is_read_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_tables, "_read", {})


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_json_makes_of_its_file(name: str) -> None:
    assert data_tables.table(name) == json.loads((SOURCE / name).read_bytes())


def test_a_python_whose_scanner_asks_for_more_reads_them_with_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python 3.15 asked for one option more than 3.14, and a later one may again."""
    monkeypatch.setattr(data_tables, "_OPTIONS", SimpleNamespace(strict=True))
    assert data_tables.table(TABLES[0]) == json.loads((SOURCE / TABLES[0]).read_bytes())

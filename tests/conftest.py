"""Fixtures and rules for every test."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("TRUEWHEEL_EXTENDED", "") in {"", "0"}:
        skip = pytest.mark.skip(reason="extended run only: set TRUEWHEEL_EXTENDED=1")
        for item in items:
            if "extended" in item.keywords:
                item.add_marker(skip)

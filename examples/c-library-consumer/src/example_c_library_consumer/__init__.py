"""Maidenhead grid squares."""

from __future__ import annotations

import example_c_library  # noqa: F401  # Windows finds its library so

from ._grid import square

__all__ = ["square"]

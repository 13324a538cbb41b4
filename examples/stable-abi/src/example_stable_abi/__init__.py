"""Means over a moving window."""

from __future__ import annotations

from ._window import EmptyWindow, Window, instances

__all__ = ["EmptyWindow", "Window", "instances"]

"""Inner products."""

from __future__ import annotations

from ._dot import dot, kernel

__all__ = ["dot", "kernel"]

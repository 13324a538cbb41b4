"""How much two strings of bytes differ."""

from __future__ import annotations

from ._bits import compiled_for, distance

__all__ = ["compiled_for", "distance"]

"""From text to numbers."""

from __future__ import annotations

from ._read import read

__all__ = ["read"]

"""Crockford's base 32."""

from __future__ import annotations

from ._write import write
from .reading import read

__all__ = ["read", "write"]

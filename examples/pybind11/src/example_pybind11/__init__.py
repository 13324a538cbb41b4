"""Running statistics."""

from __future__ import annotations

from ._core import Running

__all__ = ["Running"]

"""How names sound."""

from __future__ import annotations

from ._soundex import soundex

__all__ = ["soundex"]

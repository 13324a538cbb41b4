"""Prime numbers."""

from __future__ import annotations

from ._primes import primes

__all__ = ["primes"]

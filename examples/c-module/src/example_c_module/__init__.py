"""Adler-32 checksums."""

from __future__ import annotations

from ._adler import checksum

__all__ = ["checksum"]

"""CRC-32 of data in parts."""

from __future__ import annotations

from .crc import combine
from .crc import crc32_of as crc32

__all__ = ["combine", "crc32"]

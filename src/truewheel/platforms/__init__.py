"""What each operating system supplies, what it calls itself, and how it finds libraries. One row per platform."""

from __future__ import annotations

from .linux import LINUX
from .protocol import Platform

PLATFORMS: tuple[Platform, ...] = (LINUX,)
"""Every platform that is known. Exactly one owns each loadable slice."""

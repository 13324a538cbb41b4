"""What each operating system supplies, what it calls itself, and how it finds libraries. One row per platform."""

from __future__ import annotations

from .android import ANDROID
from .emscripten import EMSCRIPTEN
from .ios import IOS_PLATFORM
from .linux import LINUX
from .macos import MACOS
from .protocol import Platform
from .windows import WINDOWS

PLATFORMS: tuple[Platform, ...] = (LINUX, MACOS, WINDOWS, ANDROID, IOS_PLATFORM, EMSCRIPTEN)
"""Every platform that is known. Exactly one owns each loadable slice."""

"""The heat equation on a plate."""

from __future__ import annotations

from ._heat import step

__all__ = ["step"]

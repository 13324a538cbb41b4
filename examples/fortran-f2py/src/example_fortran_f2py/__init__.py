"""The heat equation on a plate, and on a rod."""

from __future__ import annotations

from ._heat import rod_step, step

__all__ = ["rod_step", "step"]

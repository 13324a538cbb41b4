"""The logistic function."""

from __future__ import annotations

from ._logistic import logistic

__all__ = ["logistic"]

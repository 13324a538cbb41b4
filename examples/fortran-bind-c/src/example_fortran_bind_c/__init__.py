"""Smoothing of measured values."""

from __future__ import annotations

from ._smooth import smooth

__all__ = ["smooth"]

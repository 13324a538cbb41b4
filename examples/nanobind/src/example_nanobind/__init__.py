"""Polynomials."""

from __future__ import annotations

from ._core import Polynomial

__all__ = ["Polynomial"]

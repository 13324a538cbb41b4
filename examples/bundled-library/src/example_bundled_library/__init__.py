"""The outline of a YAML text."""

from __future__ import annotations

from ._outline import libyaml_version, outline

__all__ = ["libyaml_version", "outline"]

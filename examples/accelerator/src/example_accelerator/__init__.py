"""Edit distance (Levenshtein)."""

from __future__ import annotations

import importlib.util

__all__ = ["COMPILED", "distance"]

# Asked, not tried: a module that is there and cannot be loaded is an error and no reason to be slow.
COMPILED: bool = importlib.util.find_spec(f"{__name__}._fast") is not None
if COMPILED:
    from ._fast import distance
else:
    from ._python import distance

"""Edit distance (Levenshtein)."""

from __future__ import annotations

try:
    from ._fast import distance
except ModuleNotFoundError as error:
    # Only "this wheel has no such module" leads here; one that is there and broken says so.
    if error.name != f"{__name__}._fast":
        raise
    from ._python import distance

    COMPILED = False
else:
    COMPILED = True

__all__ = ["COMPILED", "distance"]

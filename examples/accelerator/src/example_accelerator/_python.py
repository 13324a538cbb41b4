from __future__ import annotations


def distance(first: str, second: str, /) -> int:
    """How many characters must be inserted, deleted or changed to make ``second`` of ``first``."""
    row = list(range(len(second) + 1))
    for i, one in enumerate(first, start=1):
        corner, row[0] = row[0], i
        for j, other in enumerate(second, start=1):
            change = corner + (one != other)
            corner = row[j]
            row[j] = min(change, corner + 1, row[j - 1] + 1)
    return row[-1]

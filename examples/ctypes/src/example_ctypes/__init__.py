"""Areas of polygons."""

from __future__ import annotations

import ctypes
import sys
from array import array
from collections.abc import Iterable
from pathlib import Path

_SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
_library = ctypes.CDLL(Path(__file__).with_name(f"polygon{_SUFFIX}"))
_library.polygon_twice_area.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_library.polygon_twice_area.restype = ctypes.c_double

__all__ = ["area"]


def area(corners: Iterable[tuple[float, float]]) -> float:
    """Area of the polygon with these corners; the last is joined to the first."""
    flat = array("d", (value for corner in corners for value in corner))
    address, count = flat.buffer_info()
    return abs(_library.polygon_twice_area(address, count // 2)) / 2

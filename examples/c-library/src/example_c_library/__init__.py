"""The C library example_grid: header, library and CMake package lie beside this file.

Importing it makes the library known to Windows, which has no search path in its modules.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["PREFIX"]

PREFIX = Path(__file__).parent

if sys.platform == "win32":
    os.add_dll_directory(str(PREFIX / "bin"))

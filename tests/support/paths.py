"""Folders of this checkout that tests read."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "truewheel"
EXAMPLES = ROOT / "examples"
PROJECTS = ROOT / "tests" / "projects"
"""Sample projects that are built with truewheel and with scikit-build-core."""
CORPUS = ROOT / "tests" / "corpus"
"""Lists of published wheels, and inputs that once made a reader fail."""
TOOLS = Path(sys.executable).parent
"""Where the programs of the tests' own environment are: uv, twine, mypy and others."""

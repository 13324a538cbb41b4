"""Write ``src/truewheel/platforms/policy/emscripten.json`` anew.

Sources: PEP 783 (``pyemscripten_YEAR_PATCH_wasm32``) and, for the older names, Pyodide's documentation of its ABI and
sysconfig's platform on Emscripten; WebAssembly's tool conventions, ``DynamicLinking.md``, for the names that a side
module imports from; the compatibility matrix of pyodide-build's reference ("Platform Tags & Compatibility") for the Python
that each ABI belongs to. Run: ``python docs/regenerate/emscripten.py`` and read the diff.
"""

from __future__ import annotations

import json
from pathlib import Path

TARGET = (
    Path(__file__).parents[2]
    / "src"
    / "truewheel"
    / "platforms"
    / "policy"
    / "emscripten.json"
)

TAGS = [
    r"pyemscripten_\d{4}_\d+_wasm32",
    r"pyodide_\d{4}_\d+_wasm32",
    r"emscripten_\d+_\d+_\d+_wasm32",
]
PYTHONS = {"2024": [3, 12], "2025": [3, 13], "2026": [3, 14]}
"""By the year in ``pyodide_YEAR_PATCH`` and ``pyemscripten_YEAR_PATCH``: there is one ABI per feature release of Python."""
MODULES = ["GOT.func", "GOT.mem", "env", "wasi_snapshot_preview1"]


def main() -> None:
    """Write the tables above."""
    source = "PEP 783; documentation of Pyodide's ABI and of pyodide-build's tags; DynamicLinking.md"
    table = {"source": source, "tags": TAGS, "modules": MODULES, "pythons": PYTHONS}
    TARGET.write_text(
        json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()

"""Write ``src/truewheel/judge/stable_abi.json`` anew.

Source: abi3info, which transcribes CPython's ``Misc/stable_abi.toml``. Run: ``python docs/regenerate/stable_abi.py``.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import abi3info

TARGET = Path(__file__).parents[2] / "src" / "truewheel" / "judge" / "stable_abi.json"


def main() -> None:
    """Every function and datum of the stable ABI, with the version that it came in."""
    symbols = {}
    for table in (abi3info.FUNCTIONS, abi3info.DATAS):
        for symbol, entry in table.items():
            symbols[symbol.name] = f"{entry.added.major}.{entry.added.minor}"
    document = {"source": f"abi3info {importlib.metadata.version('abi3info')}", "added": symbols}
    TARGET.write_text(json.dumps(document, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

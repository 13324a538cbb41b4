"""Write ``src/truewheel/audit/python/stable_abi.json`` anew.

Source: abi3info, which transcribes CPython's ``Misc/stable_abi.toml``. Run: ``python docs/regenerate/stable_abi.py``.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import abi3info

TARGET = (
    Path(__file__).parents[2]
    / "src"
    / "truewheel"
    / "audit"
    / "python"
    / "stable_abi.json"
)


def document() -> dict[str, object]:
    """Every function and datum of the stable ABI: the version that it came in, and the macro that it depends on."""
    added, conditions = {}, {}
    for table in (abi3info.FUNCTIONS, abi3info.DATAS):
        for symbol, entry in table.items():
            added[symbol.name] = f"{entry.added.major}.{entry.added.minor}"
            if entry.ifdef is not None:
                conditions[symbol.name] = entry.ifdef.name
    source = f"abi3info {importlib.metadata.version('abi3info')}"
    return {"source": source, "added": added, "conditions": conditions}


def main() -> None:
    """Write the table."""
    TARGET.write_text(
        json.dumps(document(), indent=0, sort_keys=True) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()

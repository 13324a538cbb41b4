"""Knowledge that changes, shipped as JSON beside the module that understands it; scripts in docs/regenerate write it.

What a table means is its owner's business.
"""

from __future__ import annotations

import os.path
from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_read: dict[str, Mapping[str, Any]] = {}


def table(name: str) -> Mapping[str, Any]:
    """The content of ``name`` (``platforms/policy/linux.json``), parsed once."""
    if name not in _read:
        # A directory's or a ZIP file's; what pkgutil does, which is slow to import.
        loader: Any = __spec__.loader
        content = loader.get_data(
            os.path.join(os.path.dirname(__file__), *name.split("/"))
        )
        _read[name] = _parsed(content.decode("utf-8"))
    return _read[name]


def _parsed(text: str) -> Any:
    """Return what ``json.loads`` makes of ``text``, where possible without importing ``json``.

    That import takes longer than reading the tables for a small wheel (``benchmarks/show.py``), and its work is done by
    a scanner written in C, which is called here directly.
    """
    try:
        from _json import make_scanner

        value, _ = make_scanner(_OPTIONS)(text, 0)
    # PyPy has its own json, and a later CPython may ask for options that are not known yet.
    except (ImportError, AttributeError, TypeError):
        import json

        return json.loads(text)
    return value


_OPTIONS: Any = SimpleNamespace(
    strict=True,
    object_hook=None,
    object_pairs_hook=None,
    array_hook=None,  # since Python 3.15
    parse_float=float,
    parse_int=int,
    parse_constant=float,
)
"""What ``json.JSONDecoder`` tells its scanner by default."""

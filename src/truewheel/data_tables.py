"""Knowledge that changes, shipped as JSON beside the module that understands it; scripts in docs/regenerate write it.

What a table means is its owner's business.
"""

from __future__ import annotations

import json
import os.path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_read: dict[str, Mapping[str, Any]] = {}


def table(name: str) -> Mapping[str, Any]:
    """The content of ``name`` (``platforms/policy/linux.json``), parsed once."""
    if name not in _read:
        loader: Any = __spec__.loader  # a directory's or a ZIP file's; what pkgutil does, which is slow to import
        _read[name] = json.loads(loader.get_data(os.path.join(os.path.dirname(__file__), *name.split("/"))))
    return _read[name]

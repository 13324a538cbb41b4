"""What a door (the hooks, the command line) was asked to do."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .record import Record


class Product(enum.Enum):
    """What is to be made. The values are scikit-build-core's names of states."""

    WHEEL = "wheel"
    EDITABLE = "editable"
    SDIST = "sdist"
    METADATA_WHEEL = "metadata_wheel"
    METADATA_EDITABLE = "metadata_editable"

    @property
    def is_editable(self) -> bool:
        """Whether it belongs to an editable install."""
        return self in (Product.EDITABLE, Product.METADATA_EDITABLE)


class Request(Record):
    """One call of one hook.

    :param source: the directory with ``pyproject.toml``.
    :param output: where the product goes.
    :param config_settings: as the front end passed them (PEP 517); values are strings or tuples of strings.
    :param metadata_directory: the ``.dist-info`` that was prepared before, to be repeated byte for byte.
    :param environ: the environment variables of the process when the hook was called. Whoever needs one is handed them.
    """

    product: Product
    source: Path
    output: Path
    config_settings: Mapping[str, str | tuple[str, ...]] = MappingProxyType({})
    metadata_directory: Path | None = None
    environ: Mapping[str, str] = MappingProxyType({})

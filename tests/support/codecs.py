"""The codecs that unpack a member piece by piece, one at a time."""

from __future__ import annotations

import zlib
from importlib import import_module

import pytest

from support import needs
from truewheel.system.wheels import deflate

STREAMING = ("zlib", "zlib-ng")
"""Their names."""


def use_streaming(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpack every stream by the codec of that name."""
    codec = zlib
    if name == "zlib-ng":
        try:
            codec = import_module("zlib_ng.zlib_ng")
        except ImportError:
            needs.missing("the package zlib-ng")
    monkeypatch.setattr(deflate, "streaming_codec", lambda _: codec)

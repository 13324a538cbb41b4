"""Package URLs ("purl"), as text: ``pkg:deb/debian/zlib1g@1:1.2.13?arch=amd64``. They are written, never read.

Source: https://github.com/package-url/purl-spec, "How to build a purl string from its components".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~:"
)
"""Bytes that stand for themselves: the unreserved ones of RFC 3986, and the colon (the purl specification, "Character encoding")."""


def package_url(
    kind: str,
    name: str,
    *,
    version: str = "",
    namespace: str = "",
    qualifiers: Mapping[str, str] | None = None,
) -> str:
    """Return a package URL.

    >>> package_url("deb", "libstdc++6", version="12-1", namespace="debian", qualifiers={"arch": "amd64"})
    'pkg:deb/debian/libstdc%2B%2B6@12-1?arch=amd64'

    :param kind: the specification's *type*, ``deb`` or ``pypi``.
    :param namespace: may have several parts, with ``/``.
    :param qualifiers: those without a value are left out.
    """
    # Names of Python projects are compared so (the specification's type `pypi`).
    if kind == "pypi":
        name = name.lower().replace("_", "-")
    parts = [*namespace.split("/"), name]
    # An empty part would be no part.
    path = "/".join(filter(None, map(_encoded, parts)))
    text = f"pkg:{kind}/{path}"
    if version:
        text += f"@{_encoded(version)}"
    values = _values(qualifiers or {})
    if values:
        text += f"?{values}"
    return text


def _values(qualifiers: Mapping[str, str]) -> str:
    """Return qualifiers in order of their keys, without those that have no value."""
    values = []
    for key, value in sorted(qualifiers.items()):
        if value:
            # A slash separates nothing here: the specification's own examples have addresses in their plain form.
            encoded = "/".join(map(_encoded, value.split("/")))
            values.append(f"{key}={encoded}")
    return "&".join(values)


def _encoded(text: str) -> str:
    """Return text with all but plain characters as ``%2B``."""
    data = text.encode("utf-8", "surrogateescape")
    return "".join([chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in data])

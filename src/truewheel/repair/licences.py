"""Where the licences of bundled packages lie in a wheel: ``.dist-info/licenses/bundled/PACKAGE/FILE``.

Source: PEP 639, "Adding licenses directory"; folders below it are the project's own affair.
"""

from __future__ import annotations

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..model.bundled import LicenceText

_FOLDER = "licenses/bundled"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+")
"""Characters that every file system and every archive takes."""
_DEVICES = frozenset({"aux", "con", "nul", "prn"})
"""Names that Windows gives to devices, whatever extension they have."""
_DIGITS = 8


def licence_members(
    dist_info: str,
    texts: Iterable[LicenceText],
    *,
    present: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Return the members to add to a wheel, by name: one folder a package, however many files were bundled from it.

    Of two packages with one name (of dpkg and of conda, say), texts that differ get a part of their hash into their name. A
    text that the wheel has already, from an earlier repair, is not added again.

    :param present: SHA-256, in hex digits, of the files that the wheel has in its folder of bundled licences, by name.
    """
    # Some file systems do not tell small letters from capitals.
    taken: dict[str, str] = {}
    for name, digest in (present or {}).items():
        taken[name.lower()] = digest
    members: dict[str, bytes] = {}
    # In an order of their own, so that names do not depend on what was found first.
    for text in sorted(texts, key=_order):
        folder = safe_name(text.package.name)
        _, _, file = text.source.replace("\\", "/").rpartition("/")
        file = safe_name(file)
        name = f"{dist_info}/{_FOLDER}/{folder}/{file}"
        digest = hashlib.sha256(text.data).hexdigest()
        if taken.get(name.lower(), digest) != digest:
            name += f"-{digest[:_DIGITS]}"
        if name.lower() not in taken:
            taken[name.lower()] = digest
            members[name] = text.data
    return members


def _order(text: LicenceText) -> tuple[str, ...]:
    """Return what puts texts into one order on every machine."""
    package = text.package
    return (package.name, package.manager, package.version, text.source)


def safe_name(name: str) -> str:
    """Return a name that can be a file's on any system.

    >>> safe_name("openssl@3"), safe_name("../x"), safe_name("con")
    ('openssl_3', '_._x', '_con')
    """
    safe = name
    for character in set(name) - _PLAIN:
        safe = safe.replace(character, "_")
    # Two dots would lead out of the folder, a dot at the end is lost on Windows, and one at the start hides the file.
    safe = safe.rstrip(".").replace("..", "_.")
    if safe.startswith(".") or not safe:
        safe = f"_{safe}"
    stem = safe.partition(".")[0]
    if stem.lower() in _DEVICES:
        safe = f"_{safe}"
    return safe

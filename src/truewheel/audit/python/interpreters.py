"""Which Pythons accept a wheel for its Python and ABI tags. Pure.

A wheel's name holds a set of Python tags and a set of ABI tags, and means every pair of the two
(https://peps.python.org/pep-0425/#compressed-tag-sets). Each pair is a group of Pythons here:

========================  ================================================================================
``py3-none``              every Python 3
``cp313-none``            CPython 3.13, of whatever build
``cp313-cp313``           CPython 3.13 with the GIL; ``cp313t`` without it (PEP 703), ``cp313d`` a debug build
``cp39-abi3``             CPython 3.9 and newer with the GIL (PEP 384)
``cp315-abi3t``           free-threaded CPython 3.15 and newer (PEP 803)
``pp311-pypy311_pp73``    PyPy 3.11 of that ABI; likewise GraalPy
``py3-abi3``, …           nobody
========================  ================================================================================

Sources: the platform compatibility tags specification and ``packaging.tags``, which the tests ask about every pair.
"""

from __future__ import annotations

import functools
import itertools

from ...model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    Version = tuple[int, int]

FIRST_WITH_EXPORT = (3, 15)
"""The first Python that looks for ``PyModExport_…`` (https://peps.python.org/pep-0793/)."""
_ABI_PREFIXES = {"pp": "pypy", "graalpy": "graalpy"}
"""What the ABI tags of other implementations begin with."""


class CompatiblePythons(Record):
    """The Pythons that accept a wheel for one pair of its tags.

    :param pair: the pair as written: ``cp39-abi3``.
    :param implementation: ``cp``, ``pp``, ``graalpy``, or ``py`` for all of them.
    :param version: their version, or the oldest with ``and_newer``; ``None`` where the tags name none.
    :param and_newer: whether all newer versions accept the wheel too.
    :param free_threaded: whether they are free-threaded builds; ``None`` when both kinds accept the wheel.
    :param debug: whether they are debug builds.
    """

    pair: str
    implementation: str
    version: Version | None = None
    and_newer: bool = False
    free_threaded: bool | None = None
    debug: bool = False

    @property
    def python_tag(self) -> str:
        """The Python tag of the pair."""
        return self.pair.partition("-")[0]

    @property
    def abi_tag(self) -> str:
        """The ABI tag of the pair."""
        return self.pair.partition("-")[2]

    @property
    def are_cpython(self) -> bool:
        """Whether they are CPythons only."""
        return self.implementation == "cp"

    @property
    def are_any(self) -> bool:
        """Whether they are of any implementation: ``py3-none``."""
        return self.implementation == "py"

    @property
    def claims_stable_abi(self) -> bool:
        """Whether the pair is for a stable ABI: ``cp39-abi3``."""
        return self.are_cpython and self.and_newer

    def include(self, version: Version) -> bool:
        """Return whether a CPython of ``version`` is among them."""
        if not (self.are_cpython or self.are_any):
            return False
        if self.version is None or self.version == version:
            return True
        return self.and_newer and self.version < version


@functools.lru_cache(maxsize=256)
def compatible_pythons(
    interpreters: tuple[str, ...],
    abis: tuple[str, ...],
) -> tuple[CompatiblePythons, ...] | None:
    """Return who accepts a wheel of these tags; ``None`` when a tag is of a kind that is not known here.

    Pairs that no Python accepts (``cp312-cp311``) are left out: compressed tag sets always have some.
    """
    found = []
    for interpreter, abi in itertools.product(interpreters, abis):
        if not _is_known(interpreter):
            return None
        pythons = _pythons_of_pair(interpreter, abi)
        if pythons is not None:
            found.append(pythons)
    return tuple(found)


def split_python_tag(tag: str) -> tuple[str, str]:
    """Return the implementation and the digits of a Python tag.

    >>> split_python_tag("cp312")
    ('cp', '312')
    """
    implementation = tag.rstrip("0123456789")
    return implementation, tag[len(implementation) :]


def version_of(digits: str) -> Version | None:
    """Return the version that the digits of a Python tag mean; ``None`` when they are of a major version alone.

    >>> version_of("312"), version_of("3")
    ((3, 12), None)
    """
    major, minor = digits[:1], digits[1:]
    if not minor:
        return None
    return int(major), int(minor)


def _is_known(interpreter: str) -> bool:
    """Return whether it is known which Pythons a Python tag means."""
    implementation, digits = split_python_tag(interpreter)
    if implementation == "py":
        return digits != ""
    if implementation not in ("cp", "pp", "graalpy"):
        return False
    # A bare cp3, or a tag of Python 2, is accepted by no Python that is looked at here.
    return digits.startswith("3") and digits != "3"


def _pythons_of_pair(interpreter: str, abi: str) -> CompatiblePythons | None:
    """Return who accepts one pair of tags; ``None`` when nobody does."""
    implementation, digits = split_python_tag(interpreter)
    version = version_of(digits)
    pair = f"{interpreter}-{abi}"
    if abi == "none":
        # py39-none is for 3.9 and newer, cp39-none for CPython 3.9 alone (packaging.tags.compatible_tags).
        return CompatiblePythons(
            pair=pair,
            implementation=implementation,
            version=version,
            and_newer=implementation == "py",
        )
    if implementation == "cp":
        return _cpythons_of_pair(interpreter, version, abi)
    # pp311-pypy311_pp73, graalpy312-graalpy250_312_native
    own_abi = _ABI_PREFIXES.get(implementation)
    if own_abi is not None and abi.startswith(own_abi):
        return CompatiblePythons(
            pair=pair, implementation=implementation, version=version
        )
    return None


def _cpythons_of_pair(
    interpreter: str, version: Version | None, abi: str
) -> CompatiblePythons | None:
    """Return which CPythons accept one pair of tags; ``None`` when none does."""
    pair = f"{interpreter}-{abi}"
    # PEP 384: abi3 is for builds with the GIL. PEP 803 has abi3t for the free-threaded ones.
    if abi in ("abi3", "abi3t"):
        return CompatiblePythons(
            pair=pair,
            implementation="cp",
            version=version,
            and_newer=True,
            free_threaded=abi == "abi3t",
        )
    if not abi.startswith(interpreter):
        return None
    flags = abi.removeprefix(interpreter)
    if flags and not flags.isalpha():
        return None
    # The flag for pymalloc went with 3.8: https://bugs.python.org/issue36707
    if "m" in flags and version is not None and version >= (3, 8):
        return None
    return CompatiblePythons(
        pair=pair,
        implementation="cp",
        version=version,
        free_threaded="t"
        in flags,  # PEP 703: https://peps.python.org/pep-0703/#build-configuration-changes
        debug="d" in flags,
    )

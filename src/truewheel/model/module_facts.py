"""What an extension module tells CPython when it is imported: whether it needs the GIL, and for which ABI it was compiled.

CPython finds it in arrays of *slots* in the module's data: numbers, each with a value. Here is what they may say;
:mod:`truewheel.formats.slots` finds them.

Sources:

* PEP 489 (https://peps.python.org/pep-0489/), PEP 793 and PEP 820: the arrays;
* PEP 703 and https://docs.python.org/3/c-api/module.html#c.Py_mod_gil: the GIL;
* https://docs.python.org/3.15/c-api/stable.html#c.PyABIInfo and CPython's ``Python/modsupport.c``: the record of the ABI.
"""

from __future__ import annotations

from .record import Enum, Record

# ``PyABIInfo_STABLE``, ``PyABIInfo_GIL``, ``PyABIInfo_FREETHREADED`` (``Include/modsupport.h``):
_STABLE = 0x1
_GIL = 0x2
_FREE_THREADED = 0x4

_BOTH = _GIL | _FREE_THREADED
_FLAGS = (
    (_STABLE, "STABLE"),
    (_GIL, "GIL"),
    (_FREE_THREADED, "FREETHREADED"),
)
"""Each bit and its name."""
FIRST_CHECKED = (3, 15)
"""The first Python that looks at a module's ABI record."""


class GilUse(Enum):
    """What a module says of the GIL (``Py_mod_gil``)."""

    NOT_USED = "Py_MOD_GIL_NOT_USED"
    USED = "Py_MOD_GIL_USED"
    NOT_SAID = "no Py_mod_gil"
    """As good as ``USED``: CPython takes it for the default."""


class AbiRecord(Record):
    """The ``PyABIInfo`` behind ``Py_mod_abi``: for which Pythons a module was compiled.

    :param flags: ``PyABIInfo_…``.
    :param build_version: ``PY_VERSION_HEX`` of the headers.
    :param abi_version: of the ABI; zero when it does not say.
    """

    flags: int
    build_version: int
    abi_version: int

    @property
    def is_stable(self) -> bool:
        """Whether it says that later Pythons may load the module as well."""
        return bool(self.flags & _STABLE)

    @property
    def version(self) -> tuple[int, int] | None:
        """The Python whose ABI it is, the oldest one of a stable ABI; ``None`` when it does not say."""
        if not self.abi_version:
            return None
        # As in PY_VERSION_HEX: a byte each.
        major, minor, *_ = self.abi_version.to_bytes(4, "big")
        return major, minor

    def suits(self, *, free_threaded: bool | None) -> bool:
        """Return whether Pythons take the module, free-threaded ones or those with the GIL; ``None`` for some of either."""
        threads = self.flags & _BOTH
        # Without a word on threads, all do.
        if free_threaded is None or not threads:
            return True
        wanted = _FREE_THREADED if free_threaded else _GIL
        return bool(threads & wanted)

    def __str__(self) -> str:
        said = " ".join([name for bit, name in _FLAGS if self.flags & bit])
        version = "any Python"
        if self.version is not None:
            major, minor = self.version
            version = f"Python {major}.{minor}"
        # As the macros of CPython's headers are called.
        return f"Py_mod_abi says {said or 'no flags'} for {version}"


class ModuleDefinition(Record):
    """A module that a file defines, as an array of slots or a ``PyModuleDef`` in its data says.

    :param name: its full name; empty when it is not there to be read.
    :param gil: what it says of the GIL; ``None`` when its slots are made while the program runs, or are not understood.
    :param abi: its ABI record, if it has one.
    :param is_exported: whether it is an array alone, which a function ``PyModExport_…`` returns (PEP 793).
    """

    name: str = ""
    gil: GilUse | None = None
    abi: AbiRecord | None = None
    is_exported: bool = False


class NanobindBackend(Record):
    """What a module of nanobind's split mode needs at run time.

    :param module: the module that it imports to be filled by: ``nanobind_backend``.
    :param distribution: the distribution that brings it: ``nanobind-backend``; empty when it does not say.
    :param platform_abi: the tag that both must agree on: ``nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_ft``.
    """

    module: str
    distribution: str = ""
    platform_abi: str = ""

    @property
    def is_free_threaded(self) -> bool:
        """Whether only a free-threaded Python's backend fills it."""
        return self.platform_abi.endswith("_ft")


class ModuleFacts(Record):
    """What the data of one slice says.

    :param definitions: in the order of their addresses.
    """

    definitions: tuple[ModuleDefinition, ...] = ()
    nanobind: NanobindBackend | None = None


class ImportAnswers(Record):
    """What the interpreter said that imported modules of a build: paths of those that gave an answer.

    :param comes_back: modules that switched the GIL on.
    :param stays_off: modules that did not.
    """

    comes_back: frozenset[str] = frozenset()
    stays_off: frozenset[str] = frozenset()


NO_ANSWERS = ImportAnswers()
"""Where nobody has imported anything."""

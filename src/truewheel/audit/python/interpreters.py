"""Which Pythons take a wheel for what its Python and ABI tags say, and whether a module loads on each of them. Pure.

Sources: PEP 425, the platform compatibility tags specification and ``packaging.tags`` (who takes which pair); CPython's
``Python/dynload_shlib.c``, ``dynload_win.c`` and PEP 803 (which suffixes each build looks for); PEP 793.
"""

from __future__ import annotations

import functools
import itertools

from ...model.binary import Format
from ...model.record import Record
from .modules import DEBUG_ONLY, GIL_ONLY, THREADED_ONLY, Linked, Module
from .stable_abi import symbols

_ABI3T = (3, 15)
"""The first Python that knows abi3t, and ``PyModExport_``."""
PLACED_ABI3 = (3, 15)
"""The first Python that looks for ``.abi3-PLATFORM.so`` beside ``.abi3.so`` (CPython gh-122931)."""


class Takers(Record):
    """The Pythons that take a wheel for one pair of tags.

    :param pair: the pair, as written: ``cp39-abi3``.
    :param implementation: ``cp``, ``pp``, ``graalpy``, or ``py`` for all of them.
    :param version: the oldest, where the tags tell; with ``later`` all newer ones take it too.
    :param threaded: whether these are free-threaded builds; ``None`` when both kinds take it.
    """

    pair: str
    implementation: str
    version: tuple[int, int] | None = None
    later: bool = False
    threaded: bool | None = None
    debug: bool = False

    @property
    def interpreter(self) -> str:
        """The Python tag."""
        return self.pair.partition("-")[0]

    @property
    def abi(self) -> str:
        """The ABI tag."""
        return self.pair.partition("-")[2]

    def include(self, version: tuple[int, int]) -> bool:
        """Whether a CPython of ``version`` is among them."""
        if self.implementation not in ("cp", "py"):
            return False
        return self.version is None or self.version == version or (self.later and self.version < version)


class Obstacle(Record):
    """Why a module does not load: the code of the finding, and what can be seen in the file."""

    code: str
    evidence: str


@functools.lru_cache(maxsize=256)
def all_takers(interpreters: tuple[str, ...], abis: tuple[str, ...]) -> tuple[Takers, ...] | None:
    """Who takes a wheel of these tags; ``None`` when a tag is of a kind that is not known here.

    Pairs that no Python takes (``cp312-cp311``) are left out, as compressed tag sets always have some.
    """
    pairs = list(itertools.product(interpreters, abis))
    if not all(_is_known(i) for i, _ in pairs):
        return None
    found = (_takers(i, a) for i, a in pairs)
    return tuple(t for t in found if t is not None)


def _is_known(interpreter: str) -> bool:
    kind, digits = _split(interpreter)
    return (kind == "py" and digits != "") or (
        kind in ("cp", "pp", "graalpy") and len(digits) > 1 and digits.startswith("3")
    )


def _split(interpreter: str) -> tuple[str, str]:
    """``cp312`` → ``cp`` and ``312``."""
    kind = interpreter.rstrip("0123456789")
    return kind, interpreter[len(kind) :]


def _takers(interpreter: str, abi: str) -> Takers | None:
    kind, digits = _split(interpreter)
    version = (int(digits[0]), int(digits[1:])) if digits[1:] else None
    pair = f"{interpreter}-{abi}"
    if abi == "none":
        return Takers(pair=pair, implementation=kind, version=version, later=kind == "py")
    if kind == "cp":
        return _cpython(interpreter, version, abi)
    if (kind == "pp" and abi.startswith("pypy")) or (kind == "graalpy" and abi.startswith("graalpy")):
        return Takers(pair=pair, implementation=kind, version=version)
    return None


def _cpython(interpreter: str, version: tuple[int, int] | None, abi: str) -> Takers | None:
    pair = f"{interpreter}-{abi}"
    if abi in ("abi3", "abi3t"):
        return Takers(pair=pair, implementation="cp", version=version, later=True, threaded=abi == "abi3t")
    flags = abi.removeprefix(interpreter)
    if not abi.startswith(interpreter) or not (flags == "" or flags.isalpha()):
        return None
    if "m" in flags and (version or (0, 0)) >= (3, 8):
        return None  # the flag for pymalloc went with 3.8 (bpo-36707)
    return Takers(pair=pair, implementation="cp", version=version, threaded="t" in flags, debug="d" in flags)


def obstacle(module: Module, takers: Takers) -> Obstacle | None:
    """Why ``takers`` cannot all import the module; ``None`` when nothing is known against it."""
    if takers.implementation == "py" and not module.loads_by_name:
        return None  # said once for the wheel, by TW409
    return _by_suffix(module, takers) or _by_library(module, takers) or _by_symbols(module, takers)


# --- suffixes ---------------------------------------------------------------------------------------------------


def _by_suffix(module: Module, takers: Takers) -> Obstacle | None:
    told = None
    if not module.loads_by_name:
        told = _versioned(module, takers)
    elif module.abi == "abi3":
        told = _named_abi3(module, takers)
    elif module.abi == "abi3t":
        told = _named_abi3t(takers)
    elif takers.implementation == "pp" and module.format is not Format.PE:
        told = "its file name names no Python, and PyPy looks for its own suffix only"
    return Obstacle(code="TW401", evidence=told) if told else None


def knows_suffix(module: Module, version: tuple[int, int]) -> bool:
    """Whether CPython ``version`` looks for the suffix of a stable-ABI module."""
    return module.abi != "abi3" or not module.place or version >= PLACED_ABI3


def _versioned(module: Module, takers: Takers) -> str | None:
    named = module.abi or module.tag
    if takers.later:
        return f"its file name says {named}; later Pythons do not look for it"
    if module.tag != takers.interpreter:
        return f"its file name says {named}"
    if takers.implementation != "cp":
        return _other_release(module, takers)
    if _other_malloc(module, takers):
        return f"its file name says {named}, the tag {takers.pair}"
    if takers.threaded is not None and ("t" in module.flags) != takers.threaded:
        return f"its file name says {named}, the tag {takers.pair}"
    # A debug build loads modules of its release build (ALT_SOABI), but not the other way round, and never on Windows.
    if "d" in module.flags and not takers.debug:
        return f"its file name says {named}, a debug build's; other builds do not look for it"
    return None


def _other_release(module: Module, takers: Takers) -> str | None:
    """PyPy and GraalPy look for the suffix of their own ABI alone, which is not Python's version."""
    named, claimed = module.abi or "", takers.abi
    if claimed == "none" or named in ("", claimed) or named.startswith("graalpy_"):  # before GraalPy told its release
        return None
    return f"its file name says {named}, the tag {takers.pair}"


def _other_malloc(module: Module, takers: Takers) -> bool:
    """Up to 3.7 builds with pymalloc have an m in their suffix and their ABI; on Windows in the ABI alone."""
    if module.format is Format.PE or takers.abi == "none" or not (3, 2) <= (takers.version or (0, 0)) <= (3, 7):
        return False
    return ("m" in module.flags) != ("m" in takers.abi.removeprefix(takers.interpreter))


def _named_abi3(module: Module, takers: Takers) -> str | None:
    if takers.implementation in ("pp", "graalpy"):
        return "its file name says abi3, the stable ABI of CPython"
    if takers.implementation == "cp" and takers.version is not None and not knows_suffix(module, takers.version):
        return f"its file name says abi3-{module.place}, for which Pythons look from 3.15 on"
    if takers.threaded and (takers.later or (takers.version or _ABI3T) >= _ABI3T):
        return "its file name says abi3; free-threaded Pythons from 3.15 on look for abi3t"
    return None


def _named_abi3t(takers: Takers) -> str | None:
    if takers.implementation in ("pp", "graalpy"):
        return "its file name says abi3t, a stable ABI of CPython"
    if takers.implementation == "cp" and (takers.version or _ABI3T) < _ABI3T:
        return "its file name says abi3t, for which Pythons look from 3.15 on"
    return None


# --- libraries --------------------------------------------------------------------------------------------------


def _by_library(module: Module, takers: Takers) -> Obstacle | None:
    found = (_wrong(linked, takers) for linked in module.linked)
    told = next((t for t in found if t is not None), None)
    return Obstacle(code="TW407", evidence=told) if told else None


def _wrong(linked: Linked, takers: Takers) -> str | None:
    """What is wrong about needing this library of Python's."""
    needs = f"it needs {linked.library}"
    if takers.implementation not in ("py", linked.implementation):
        return f"{needs}, another implementation's"
    if linked.version is not None and takers.later:
        return f"{needs}, which one Python has; others take the wheel too"
    if linked.version is not None and takers.version is not None and linked.version != takers.version:
        return f"{needs}, another version's"
    if takers.threaded is not None and takers.implementation == "cp":
        return _wrong_build(linked, takers)
    return None


def _wrong_build(linked: Linked, takers: Takers) -> str | None:
    threaded, needs = "t" in linked.flags, f"it needs {linked.library}"
    if takers.threaded and not threaded:
        return f"{needs}, without the t of free-threaded Pythons"
    # python3t.dll serves builds with the GIL too, from 3.15 on.
    serves_both = linked.version is None and (takers.version or (0, 0)) >= _ABI3T
    if threaded and not takers.threaded and not serves_both:
        return f"{needs}, a free-threaded Python's"
    if "d" in linked.flags and not takers.debug:
        return f"{needs}, a debug build's"
    return None


# --- symbols ----------------------------------------------------------------------------------------------------


def _by_symbols(module: Module, takers: Takers) -> Obstacle | None:
    told = _only_new_init(module, takers)
    if told is None and takers.implementation in ("cp", "pp"):
        told = _foreign_names(module.imports(), takers)
    return Obstacle(code="TW401", evidence=told) if told else None


def _only_new_init(module: Module, takers: Takers) -> str | None:
    """PEP 793: ``PyModExport_`` is looked for from 3.15 on; older Pythons need ``PyInit_`` beside it."""
    if takers.implementation != "cp" or takers.version is None or takers.version >= _ABI3T or not module.is_module:
        return None
    names = {name for piece in module.pieces for name in piece.exports if name.startswith("Py")}
    new = sorted(n for n in names if n.startswith("PyModExport"))
    if new and not any(n.startswith(("PyInit_", "PyInitU_")) for n in names):
        return f"it exports {new[0]} and no PyInit function; Pythons look for it from 3.15 on"
    return None


_PYPYS = ("PyPy", "_PyPy")
"""What PyPy's names for the C API begin with."""


def _foreign_names(names: frozenset[str], takers: Takers) -> str | None:
    """Symbols that these Pythons do not have, or that count references as they do not."""
    alien = sorted([n for n in names if n.startswith(_PYPYS)])
    if takers.implementation == "pp":
        own = sorted(n for n in names if n in symbols())
        return f"it imports {own[0]}, CPython's; PyPy has Py{own[0]}" if own and not alien else None
    if len(alien) > 3:
        return f"it imports {alien[0]}, PyPy's"
    if takers.threaded is None:
        return None
    counting = sorted(names & DEBUG_ONLY)
    if counting and not takers.debug and not takers.later:  # of a stable ABI, the table of its names tells
        return f"it imports {counting[0]}, which only debug builds have"
    shared = sorted(names & THREADED_ONLY)
    if shared and not takers.threaded:
        return f"it imports {shared[0]}, which only free-threaded Pythons have"
    if takers.threaded and not shared and GIL_ONLY in names:
        return f"it imports {GIL_ONLY} and not {min(THREADED_ONLY)}: it counts references as builds with the GIL do"
    return None

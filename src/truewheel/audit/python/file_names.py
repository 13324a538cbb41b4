"""What file names tell of Pythons: the suffix of an extension module, the name of a Python library. Text only; pure.

Sources:

* PEP 3149, CPython's ``Python/dynload_shlib.c`` and ``Python/dynload_win.c`` (suffixes), PEP 803 (``.abi3t.so``);
* CPython's ``configure.ac`` and ``PC/pyconfig.h`` (names of its libraries).
"""

from __future__ import annotations

import re

from ...model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SUFFIXES = (
    (".cpython-", r"\.cpython-(?P<python>3\d+)(?P<flags>[a-z]*)(?:-(?P<platform>[\w-]+))?\.(?:so|dll)$"),
    (".cp3", r"\.cp(?P<python>3\d+)(?P<flags>t?)-(?P<platform>\w+)\.pyd$"),
    (".pypy", r"\.pypy(?P<python>\d+)-(?P<pypy>pp\d+)(?:-(?P<platform>[\w-]+))?\.(?:so|pyd)$"),
    (
        ".graalpy",
        r"\.graalpy(?P<graalpy>\d*)-(?P<python>\d+)-(?P<kind>[a-z]+)(?:-(?P<platform>[\w-]+))?\.(?:so|pyd|dylib)$",
    ),
    (".abi3", r"\.(?P<stable>abi3t?)(?:-(?P<platform>[\w-]+))?\.(?:so|pyd)$"),
    (".", r"\.(?:pyd|(?P<bare>so|dylib))$"),
)
"""Patterns of suffixes, each after a text that such names contain. Compiling a pattern takes time, so only those are
compiled whose text turns up."""

_PYTHON_LIBRARY = r"""(?xi)(?:^|/)(?:
      python3(?P<dll>\d*)(?P<dll_t>t?)(?P<dll_d>_d)?\.dll
    | libpython3(?:\.(?P<lib>\d+))?(?P<lib_flags>[a-z]*)\.(?:so|dylib|dll)[\d.]*
    | Python(?P<framework_t>T?)\.framework/Versions/3\.(?P<framework>\d+)T?/PythonT?
    | libpypy3(?:\.(?P<pypy>\d+))?-c\.(?:so|dylib|dll)[\d.]*
    )$"""


class Suffix(Record):
    """The suffix of an extension module.

    :param text: all of it: ``.cpython-313t-x86_64-linux-gnu.so``.
    :param python_tag: the Python tag that it names (``cp313``, ``pp39``); ``None`` when it names none.
    :param abi_tag: the ABI tag that it names (``cp313t``, ``abi3``, ``pypy39_pp73``); ``None`` when it names none.
    :param platform: the system that it names (``x86_64-linux-gnu``, ``win_amd64``); empty when it names none.
    :param is_bare: whether it is a mere ``.so`` or ``.dylib``, which any library may have.
    """

    text: str
    python_tag: str | None
    abi_tag: str | None
    platform: str
    is_bare: bool


def find_suffix(name: str) -> Suffix | None:
    """Return the extension module's suffix that a file name ends in; ``None`` for other files.

    >>> find_suffix("m.cpython-313t-x86_64-linux-gnu.so").abi_tag
    'cp313t'
    """
    for part, pattern in _SUFFIXES:
        if part not in name:
            continue
        match = re.search(pattern, name)
        if match is not None:
            groups = match.groupdict()
            python_tag, abi_tag = _suffix_tags(groups)
            return Suffix(
                text=match[0],
                python_tag=python_tag,
                abi_tag=abi_tag,
                platform=groups.get("platform") or "",
                is_bare=groups.get("bare") is not None,
            )
    return None


def _suffix_tags(groups: Mapping[str, str | None]) -> tuple[str | None, str | None]:
    """Return the Python tag and the ABI tag for what a pattern of a suffix matched."""
    python = groups.get("python")
    # .cpython-313t-… is for cp313-cp313t (PEP 3149; t is PEP 703's, d stands for debug, m for pymalloc).
    if "flags" in groups:
        return f"cp{python}", f"cp{python}{groups['flags']}"
    # .pypy311-pp73-… is for pp311-pypy311_pp73.
    if "pypy" in groups:
        return f"pp{python}", f"pypy{python}_{groups['pypy']}"
    # .graalpy250-312-native-… is for graalpy312-graalpy250_312_native.
    if "graalpy" in groups:
        return f"graalpy{python}", f"graalpy{groups['graalpy']}_{python}_{groups['kind']}"
    return None, groups.get("stable")


class PythonLibrary(Record):
    """A library that holds a Python, which a module needs at load time.

    :param name: as written in the file.
    :param implementation: ``cp`` or ``pp``.
    :param version: of the Python; ``None`` for the library that serves all of them (``python3.dll``).
    :param flags: ``t`` for free-threaded, ``d`` for debug builds.
    """

    name: str
    implementation: str = "cp"
    version: tuple[int, int] | None = None
    flags: str = ""

    @property
    def is_threaded(self) -> bool:
        """Whether it is of a free-threaded build."""
        return "t" in self.flags

    @property
    def is_debug(self) -> bool:
        """Whether it is of a debug build."""
        return "d" in self.flags

    @property
    def cpython_tag(self) -> str | None:
        """The Python tag of a CPython of that version; ``None`` when the library serves all versions."""
        return f"cp3{self.version[1]}" if self.version else None


def find_python_library(name: str) -> PythonLibrary | None:
    """Return what the name of a needed library says of Pythons; ``None`` when it is not one of theirs.

    >>> find_python_library("python313t.dll").flags
    't'
    >>> find_python_library("libpython3.12.so.1.0").version
    (3, 12)
    """
    lower = name.lower()
    match = re.search(_PYTHON_LIBRARY, name) if "py" in lower else None
    if match is None:
        return None
    minor = match["dll"] or match["lib"] or match["framework"] or match["pypy"]
    return PythonLibrary(
        name=name,
        implementation="pp" if "pypy" in lower else "cp",
        version=(3, int(minor)) if minor else None,
        flags=_library_flags(match),
    )


def _library_flags(match: re.Match[str]) -> str:
    """Return the flags of the build that a library's name tells: ``t``, ``d``."""
    # python313t.dll, PythonT.framework, libpython3.13td.so: at most one of the three groups is filled.
    flags = match["dll_t"] or match["framework_t"] or match["lib_flags"] or ""
    # python313_d.dll is how debug builds spell it on Windows (PC/pyconfig.h).
    if match["dll_d"]:
        flags += "d"
    # m stood for pymalloc up to 3.7, which every build has now: it tells nothing of the library.
    return flags.lower().replace("m", "")

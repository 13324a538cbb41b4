"""What file names tell of Pythons: the suffix of an extension module, the name of a Python library. Text only; pure.

Sources:

* PEP 3149, CPython's ``Python/dynload_shlib.c`` and ``Python/dynload_win.c`` (suffixes), PEP 803 (``.abi3t.so``);
* CPython's ``configure.ac`` and ``PC/pyconfig.h`` (names of its libraries).
"""

from __future__ import annotations

from ...model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

    from .interpreters import Version

_EXTENSIONS = ("so", "pyd", "dll", "dylib")
_SMALL_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WITH_PYMALLOC_TAG = ("cp35", "cp36", "cp37")
"""CPythons for Windows whose suffix names them, and whose ABI tag says pymalloc: https://bugs.python.org/issue36707"""

_PYTHON_LIBRARY = r"""(?xi)(?:^|/)(?:
      python3(?P<dll>\d*)(?P<dll_t>t?)(?P<dll_d>_d)?\.dll
    | libpython3(?:\.(?P<lib>\d+))?(?P<lib_flags>[a-z]*)\.(?:so|dylib|dll)[\d.]*
    | Python(?P<framework_t>T?)\.framework/Versions/3\.(?P<framework>\d+)T?/PythonT?
    | (?P<pypy_c>libpypy3(?:\.(?P<pypy>\d+))?-c)\.(?:so|dylib|dll)[\d.]*
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
    # No regular expressions here: to import and compile them takes a tenth of the time of `truewheel show`.
    rest, dot, extension = name.rpartition(".")
    if not dot or extension not in _EXTENSIONS:
        return None
    _, dot, label = rest.rpartition(".")
    said = _read_label(label, extension) if dot else None
    if said is not None:
        return Suffix(
            text=f".{label}.{extension}",
            python_tag=said.python_tag,
            abi_tag=said.abi_tag,
            platform=said.platform,
            is_bare=False,
        )
    # Modules never end in a mere .dll (Python/dynload_win.c).
    if extension == "dll":
        return None
    is_bare = extension in ("so", "dylib")
    return Suffix(
        text=f".{extension}",
        python_tag=None,
        abi_tag=None,
        platform="",
        is_bare=is_bare,
    )


class _Label(Record):
    """What stands between the name of a module and its extension: ``cpython-313-x86_64-linux-gnu``."""

    python_tag: str | None
    abi_tag: str
    platform: str


def _read_label(label: str, extension: str) -> _Label | None:
    """Return what a label says; ``None`` when it says nothing of a Python."""
    for beginning, extensions, read in _LABELS:
        if label.startswith(beginning) and extension in extensions:
            return read(label)
    return None


def _read_stable_abi(label: str) -> _Label | None:
    """Read ``abi3`` and ``abi3t-x86_64-linux-gnu``."""
    # PEP 803 has both spellings, with and without a platform.
    kind, dash, platform = label.partition("-")
    if kind not in ("abi3", "abi3t"):
        return None
    return _with_platform(None, kind, dash, platform)


def _read_cpython(label: str) -> _Label | None:
    """Read ``cpython-313t-x86_64-linux-gnu``, which is for cp313-cp313t."""
    _, _, rest = label.partition("-")
    abi, dash, platform = rest.partition("-")
    # Flags follow the version (PEP 3149): t is PEP 703's, d stands for debug, m for pymalloc.
    version = abi.rstrip(_SMALL_LETTERS)
    if not _is_numbered("3", version):
        return None
    python_tag = f"cp{version}"
    abi_tag = f"cp{abi}"
    return _with_platform(python_tag, abi_tag, dash, platform)


def _read_cpython_of_windows(label: str) -> _Label | None:
    """Read ``cp313t-win_amd64``, which is for cp313-cp313t."""
    # Python/dynload_win.c: the platform is one word, and always there.
    abi, dash, platform = label.partition("-")
    python_tag = abi.removesuffix("t")
    if not _is_numbered("cp3", python_tag) or not dash or "-" in platform:
        return None
    # The suffix leaves out the m of pymalloc, and the ABI tag of these has it: cp36-cp36 is accepted by no Python.
    flag = "m" if python_tag in _WITH_PYMALLOC_TAG else ""
    return _with_platform(python_tag, f"{abi}{flag}", dash, platform)


def _read_pypy(label: str) -> _Label | None:
    """Read ``pypy311-pp73-x86_64-linux-gnu``, which is for pp311-pypy311_pp73."""
    python, _, rest = label.partition("-")
    abi, dash, platform = rest.partition("-")
    if not _is_numbered("pypy", python) or not _is_numbered("pp", abi):
        return None
    version = python.removeprefix("pypy")
    python_tag = f"pp{version}"
    abi_tag = f"{python}_{abi}"
    return _with_platform(python_tag, abi_tag, dash, platform)


def _read_graalpy(label: str) -> _Label | None:
    """Read ``graalpy250-312-native-x86_64-linux``, which is for graalpy312-graalpy250_312_native."""
    release, _, rest = label.partition("-")
    version, _, rest = rest.partition("-")
    abi, dash, platform = rest.partition("-")
    # Early releases did not write their own number.
    if release != "graalpy" and not _is_numbered("graalpy", release):
        return None
    if not version.isdecimal():
        return None
    if not abi or abi.strip(_SMALL_LETTERS):
        return None
    python_tag = f"graalpy{version}"
    abi_tag = f"{release}_{version}_{abi}"
    return _with_platform(python_tag, abi_tag, dash, platform)


_LABELS = (
    ("abi3", ("so", "pyd"), _read_stable_abi),
    ("cpython-", ("so", "dll"), _read_cpython),
    ("cp3", ("pyd",), _read_cpython_of_windows),
    ("pypy", ("so", "pyd"), _read_pypy),
    ("graalpy", ("so", "pyd", "dylib"), _read_graalpy),
)
"""How labels begin, before which extensions they stand, and who reads them."""


def _is_numbered(prefix: str, text: str) -> bool:
    """Return whether a text is a prefix and a number."""
    return text.startswith(prefix) and text.removeprefix(prefix).isdecimal()


def _with_platform(
    python_tag: str | None, abi_tag: str, dash: str, platform: str
) -> _Label | None:
    """Return a label; ``None`` when what follows the last dash cannot be a platform."""
    letters = platform.replace("-", "")
    letters = letters.replace("_", "")
    if dash and not platform:
        return None
    if letters and not letters.isalnum():
        return None
    return _Label(python_tag=python_tag, abi_tag=abi_tag, platform=platform)


class PythonLibrary(Record):
    """A library that holds a Python, which a module needs at load time.

    :param name: as written in the file.
    :param implementation: ``cp`` or ``pp``.
    :param version: of the Python; ``None`` for the library that serves all of them (``python3.dll``).
    :param flags: ``t`` for free-threaded, ``d`` for debug builds.
    """

    name: str
    implementation: str = "cp"
    version: Version | None = None
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
    # Importing, compiling and matching takes its time, and most libraries are not Python's.
    if "py" not in name.lower():
        return None
    import re

    match = re.search(_PYTHON_LIBRARY, name)
    if match is None:
        return None
    if match["pypy_c"]:
        return PythonLibrary(
            name=name, implementation="pp", version=_library_version(match["pypy"])
        )
    # At most one of three spellings matched.
    minor = match["dll"] or match["lib"] or match["framework"]
    return PythonLibrary(
        name=name, version=_library_version(minor), flags=_library_flags(match)
    )


def _library_version(minor: str | None) -> Version | None:
    """Return the version that a library's name tells: ``12`` of ``libpython3.12.so``."""
    return (3, int(minor)) if minor else None


def _library_flags(match: re.Match[str]) -> str:
    """Return the flags of the build that a library's name tells: ``t``, ``d``."""
    # python313t.dll, PythonT.framework, libpython3.13td.so: at most one of the three groups is filled.
    flags = match["dll_t"] or match["framework_t"] or match["lib_flags"] or ""
    # python313_d.dll is how debug builds spell it on Windows (PC/pyconfig.h).
    if match["dll_d"]:
        flags += "d"
    # m stood for pymalloc up to 3.7, which every build has now: it tells nothing of the library.
    return flags.lower().replace("m", "")

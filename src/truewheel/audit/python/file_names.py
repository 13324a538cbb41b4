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

_EXTENSIONS = ("so", "pyd", "dll", "dylib")
_SMALL_LETTERS = "abcdefghijklmnopqrstuvwxyz"

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
    # No regular expressions here: to import and compile them is a tenth of `truewheel show` (benchmarks/show.py).
    rest, dot, extension = name.rpartition(".")
    if not dot or extension not in _EXTENSIONS:
        return None
    _, dot, label = rest.rpartition(".")
    named = _read_label(label, extension) if dot else None
    if named is not None:
        python_tag, abi_tag, platform = named
        text = f".{label}.{extension}"
        return Suffix(text=text, python_tag=python_tag, abi_tag=abi_tag, platform=platform, is_bare=False)
    if extension == "dll":
        return None
    return Suffix(text=f".{extension}", python_tag=None, abi_tag=None, platform="", is_bare=extension != "pyd")


def _read_label(label: str, extension: str) -> tuple[str | None, str, str] | None:
    """Return the Python tag, the ABI tag and the platform that stand between a name and its extension.

    ``None`` when the label tells of no Python. The platform is empty when there is none.
    """
    kind, *words = label.split("-")
    # .abi3.so, .abi3t-x86_64-linux-gnu.so (PEP 803)
    if kind in ("abi3", "abi3t") and extension in ("so", "pyd"):
        return _with_platform(None, kind, words)
    if not words:
        return None
    # .cpython-313t-x86_64-linux-gnu.so is for cp313-cp313t (PEP 3149; t is PEP 703's, d stands for debug, m for pymalloc).
    if kind == "cpython" and extension in ("so", "dll"):
        version = words[0].rstrip(_SMALL_LETTERS)
        return _with_platform(f"cp{version}", f"cp{words[0]}", words[1:]) if _is_python3(version) else None
    # .cp313t-win_amd64.pyd is for the same on Windows (Python/dynload_win.c).
    if kind.startswith("cp3") and extension == "pyd" and len(words) == 1:
        version = kind.removeprefix("cp").removesuffix("t")
        return _with_platform(f"cp{version}", kind, words) if _is_python3(version) else None
    # .pypy311-pp73-x86_64-linux-gnu.so is for pp311-pypy311_pp73.
    if kind.startswith("pypy") and extension in ("so", "pyd"):
        return _read_pypy(kind, words)
    # .graalpy250-312-native-x86_64-linux.so is for graalpy312-graalpy250_312_native.
    if kind.startswith("graalpy") and extension != "dll":
        return _read_graalpy(kind, words)
    return None


def _read_pypy(kind: str, words: list[str]) -> tuple[str | None, str, str] | None:
    """Return what :func:`_read_label` does, of ``pypy311``, ``pp73`` and a platform."""
    version = kind.removeprefix("pypy")
    abi = words[0]
    if not version.isdecimal() or not abi.startswith("pp") or not abi.removeprefix("pp").isdecimal():
        return None
    return _with_platform(f"pp{version}", f"{kind}_{abi}", words[1:])


def _read_graalpy(kind: str, words: list[str]) -> tuple[str | None, str, str] | None:
    """Return what :func:`_read_label` does, of ``graalpy250``, ``312``, ``native`` and a platform."""
    release = kind.removeprefix("graalpy")
    if len(words) < 2 or not words[0].isdecimal() or not (release.isdecimal() or not release):
        return None
    version, abi = words[:2]
    if not abi or abi.strip(_SMALL_LETTERS):
        return None
    return _with_platform(f"graalpy{version}", f"{kind}_{version}_{abi}", words[2:])


def _is_python3(version: str) -> bool:
    """Return whether a text is a version of Python 3, as tags write it: 313."""
    return version.startswith("3") and len(version) > 1 and version.isdecimal()


def _with_platform(python_tag: str | None, abi_tag: str, words: list[str]) -> tuple[str | None, str, str] | None:
    """Return the three, with the rest of a label's words as the platform; ``None`` when they cannot be one."""
    platform = "-".join(words)
    if words and not platform:
        return None
    is_word = all(letter.isalnum() or letter in "_-" for letter in platform)
    return (python_tag, abi_tag, platform) if is_word else None


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
    if "py" not in lower:
        return None
    import re  # few modules need a library of Python

    match = re.search(_PYTHON_LIBRARY, name)
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

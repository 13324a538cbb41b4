"""The system that a module's suffix names, and whether the code is for it: elsewhere no Python looks for that name. Pure.

Decides TW412. The first question with an answer wins:

1. Does the suffix name another CPU than the code has?
2. Does it name another system?
3. Does it name the other libc, or the simulator instead of the device?

Sources: CPython's ``configure.ac`` (``PLATFORM_TRIPLET``, ``SOABI``), ``Misc/platform_triplet.c``, ``PC/pyconfig.h``;
PEP 738 (Android, https://peps.python.org/pep-0738/), PEP 730 (iOS, https://peps.python.org/pep-0730/).
"""

from __future__ import annotations

from ...model.binary import Format, PeSlice
from ...model.finding import Finding, Severity
from ...model.record import Record
from ...platforms import PLATFORMS, parse_known_tags
from .interpreters import split_python_tag, version_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.binary import Slice
    from .interpreters import Version
    from .modules import Module

_CPUS = {
    "x86_64": "x86_64",
    "aarch64": "aarch64",
    "i386": "i686",
    "i686": "i686",
    "powerpc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "win_amd64": "x86_64",
    "win32": "i686",
    "win_arm64": "aarch64",
}
"""CPUs as suffixes spell them, where one spelling means one CPU."""
_KNOWN_CPUS = frozenset(_CPUS.values())
_SYSTEMS = (
    ("linux-gnu", "linux", "glibc"),
    ("linux-musl", "linux", "musl"),
    ("linux-android", "android", ""),
    ("-linux", "linux", ""),
    ("darwin", "macos", ""),
    ("iphoneos", "ios", "ios"),
    ("iphonesimulator", "ios", "ios-simulator"),
    ("emscripten", "emscripten", ""),
    ("win32", "windows", ""),
    ("win_", "windows", ""),
    ("mingw", "windows", ""),
    ("cygwin", "windows", ""),
    ("msys", "windows", ""),
)
"""A part of what suffixes name, the system that it means, and which of two kinds of that."""
_FAMILIES_OF_FORMAT = {
    Format.ELF: ("linux", "android"),
    Format.MACHO: ("macos", "ios"),
    Format.PE: ("windows",),
    Format.WASM: ("emscripten",),
}
"""The systems of a file that does not say more than its format."""
_SPELT = {
    "linux": "Linux",
    "android": "Android",
    "macos": "macOS",
    "ios": "iOS",
    "windows": "Windows",
    "emscripten": "Emscripten",
    "ios-simulator": "the iOS simulator",
}
_LIBC_OF_TAGS = (("manylinux", "glibc"), ("musllinux", "musl"))
_NAMES_MUSL = (3, 11)
"""The first CPython whose own suffix tells musl from glibc (https://bugs.python.org/issue43112). Older ones said gnu,
unless a distribution had patched them."""


class _Named(Record):
    """The system that a file name names.

    :param text: the part of the name that does so.
    :param kind: ``glibc`` or ``musl``, ``ios`` or ``ios-simulator``; empty when it does not tell.
    """

    text: str
    family: str
    kind: str = ""


def check_suffix_platform(
    module: Module, platforms: Sequence[str], *, own_suffix: str = ""
) -> Finding | None:
    """Return TW412 when a suffix names a CPU, a system, or a kind of system that the code is not for.

    :param platforms: the platform tags that are claimed; they tell where the file does not.
    :param own_suffix: of the Python that just built the module, if one did: it finds a file with that suffix.
    """
    # A name with a dot is reported for the dot (TW405).
    if not module.is_importable:
        return None
    return (
        _check_cpu(module)
        or _check_windows(module)
        or _check_system(module, platforms, own_suffix)
    )


# --- CPUs -------------------------------------------------------------------------------------------------------


def _check_cpu(module: Module) -> Finding | None:
    """Report a suffix of another CPU."""
    # Fat files of macOS are for several CPUs, and its suffixes name none.
    if module.format not in (Format.ELF, Format.PE):
        return None
    named = _named_cpu(module.suffix_platform)
    cpus = sorted({_cpu_of(piece) for piece in module.slices})
    if named is None or named in cpus or not _are_known(cpus):
        return None
    message = (
        f"is named for {module.suffix_platform}, but holds code for {', '.join(cpus)}"
    )
    return _finding(module, message, *[f"its code is for {cpu}" for cpu in cpus])


def _named_cpu(platform: str) -> str | None:
    """Return the CPU that a suffix names: ``win_amd64``, or the first part of ``x86_64-linux-gnu``."""
    first, _, _ = platform.partition("-")
    return _CPUS.get(first)


def _are_known(cpus: Sequence[str]) -> bool:
    """Return whether code was read, all of it for CPUs that suffixes may name."""
    return bool(cpus) and _KNOWN_CPUS.issuperset(cpus)


def _cpu_of(piece: Slice) -> str:
    """Return the CPU as ELF files call it; a hybrid image of Windows is for more than one."""
    if isinstance(piece, PeSlice) and piece.hybrid:
        return piece.hybrid
    if isinstance(piece, PeSlice) and piece.cpu == "arm64":
        return "aarch64"
    return piece.cpu


# --- systems ----------------------------------------------------------------------------------------------------


def _check_system(
    module: Module, platforms: Sequence[str], own_suffix: str
) -> Finding | None:
    """Report a suffix of another system, or of another kind of it."""
    named = _named_system(module)
    if named is None:
        return None
    families = _families_of(module, platforms)
    if named.family in families:
        return _check_kind(module, named, platforms, own_suffix)
    here = " or ".join([_SPELT.get(family, family) for family in families])
    article = "an" if module.format is Format.ELF else "a"
    evidence = (
        f"it is {article} {module.format.value} file: no Python there looks for it"
    )
    return _finding(module, f"is named for {named.text}, but is for {here}", evidence)


def _check_windows(module: Module) -> Finding | None:
    """Report a PE file whose name ends in ``.so`` (CPython's ``dynload_win.c``); a bare one may be any library."""
    if module.format is not Format.PE or not module.path.endswith(".so"):
        return None
    is_surely_module = module.named_for is not None
    return _finding(
        module,
        "is a file for Windows, where no Python looks for a .so",
        "it is a PE file; Pythons there look for .pyd",
        severity=Severity.ERROR if is_surely_module else Severity.WARNING,
    )


def _named_system(module: Module) -> _Named | None:
    """Return the system that the suffix means; ``None`` when it names none that is known."""
    spelt = module.suffix_platform
    for part, family, kind in _SYSTEMS:
        if part in spelt:
            return _Named(text=spelt, family=family, kind=kind)
    if module.path.endswith(".pyd"):
        return _Named(text="Windows (.pyd)", family="windows")
    return None


def _families_of(module: Module, platforms: Sequence[str]) -> tuple[str, ...]:
    """Return the systems that the code is for."""
    families = set(_owners_of(module))
    if not families:
        return _FAMILIES_OF_FORMAT.get(module.format, ())
    # A file for Android that lacks Android's mark looks like one for Linux; that is said of the platform tag.
    if "linux" in families and _is_claimed(platforms, "android"):
        families.add("android")
    return tuple(sorted(families))


def _owners_of(module: Module) -> Iterator[str]:
    """Yield the systems whose loaders take a slice."""
    for piece in module.slices:
        for platform in PLATFORMS:
            if platform.owns(module.format, piece):
                yield platform.family


def _is_claimed(platforms: Sequence[str], kind: str) -> bool:
    """Return whether a platform tag is of a kind: ``manylinux``, ``android``."""
    return any(tag.kind == kind for tag in parse_known_tags(platforms))


# --- kinds of a system ------------------------------------------------------------------------------------------


def _check_kind(
    module: Module, named: _Named, platforms: Sequence[str], own_suffix: str
) -> Finding | None:
    """Report a suffix of the other libc, or of a device on a simulator's code."""
    kind = _kind_of_code(module, named.family, platforms)
    if kind is None or named.kind in ("", kind):
        return None
    message = f"is named for {named.text}, but is for {_SPELT.get(kind, kind)}"
    if named.family == "ios":
        return _finding(module, message, f"built for {kind}")
    # PyPy and GraalPy say gnu of every Linux.
    if not module.is_cpython and not module.names_no_python:
        return None
    if kind == "glibc":
        return _finding(module, message, "no Python with glibc looks for the name")
    if _may_say_gnu(module, own_suffix):
        return None
    evidence = "Pythons with musl look for linux-musl from 3.11 on"
    return _finding(module, message, evidence, severity=Severity.WARNING)


def _may_say_gnu(module: Module, own_suffix: str) -> bool:
    """Return whether a Python with musl looks for ``linux-gnu`` all the same.

    Those before 3.11 do, and one that a distribution has patched may, as the one that has just built the module.
    """
    is_own = own_suffix != "" and module.path.endswith(own_suffix)
    return is_own or _version_of(module) < _NAMES_MUSL


def _kind_of_code(module: Module, family: str, platforms: Sequence[str]) -> str | None:
    """Return which kind of a system the code is for; ``None`` when nothing tells, or it is for both kinds."""
    kinds = {_kind_of(piece, family) for piece in module.slices} - {None}
    if not kinds and family == "linux":
        kinds = _claimed_libcs(platforms)
    return kinds.pop() if len(kinds) == 1 else None


def _kind_of(piece: Slice, family: str) -> str | None:
    """Return which kind of a system a slice is for; ``None`` when it does not tell."""
    if family == "linux":
        from ...platforms.linux.libc import libc_of  # most names need no second look

        return libc_of(piece)
    if family != "ios":
        return None
    stated = [minimum.platform for minimum in piece.minimum_os]
    return next((platform for platform in stated if platform.startswith("ios")), None)


def _claimed_libcs(platforms: Sequence[str]) -> set[str | None]:
    """Return the libcs that the platform tags name, for a file that tells none."""
    return {libc for kind, libc in _LIBC_OF_TAGS if _is_claimed(platforms, kind)}


def _version_of(module: Module) -> Version:
    """Return the version of CPython that the suffix names; a suffix for all of them is taken for a new one's."""
    if module.python_tag is None:
        return _NAMES_MUSL
    _, digits = split_python_tag(module.python_tag)
    return version_of(digits) or _NAMES_MUSL


def _finding(
    module: Module, message: str, *evidence: str, severity: Severity = Severity.ERROR
) -> Finding:
    """Return TW412."""
    return Finding(
        code="TW412",
        severity=severity,
        where=module.path,
        message=message,
        evidence=evidence,
        hint="set the suffix of the target: Python_SOABI in a cross build, SETUPTOOLS_EXT_SUFFIX, crossenv",
    )

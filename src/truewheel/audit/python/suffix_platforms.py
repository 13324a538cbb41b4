"""The system that a module's suffix names, and whether the file is for it: elsewhere no Python looks for that name. Pure.

Sources: CPython's ``configure.ac`` (``PLATFORM_TRIPLET``, ``SOABI``), ``Misc/platform_triplet.c``, ``PC/pyconfig.h`` and
PEP 738 and 730 (Android, iOS). With musl Pythons say so from 3.11 on (bpo-43112); before, they said ``gnu`` unless a
distribution had patched them.
"""

from __future__ import annotations

from ...model.binary import Format, PeSlice
from ...model.finding import Finding, Severity
from ...model.record import Record
from ...platforms import PLATFORMS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.binary import Slice
    from .modules import Module

_MULTIARCH = {
    "x86_64": "x86_64", "aarch64": "aarch64", "i386": "i686", "i686": "i686", "powerpc64le": "ppc64le", "s390x": "s390x",
    "riscv64": "riscv64", "win_amd64": "x86_64", "win32": "i686", "win_arm64": "aarch64",
}  # fmt: skip
"""CPUs as suffixes spell them, where one spelling means one CPU."""
_NAMED = (
    ("linux-gnu", "linux", "glibc"), ("linux-musl", "linux", "musl"), ("linux-android", "android", ""), ("-linux", "linux", ""),
    ("darwin", "macos", ""), ("iphoneos", "ios", "ios"), ("iphonesimulator", "ios", "ios-simulator"),
    ("emscripten", "emscripten", ""), ("win32", "windows", ""), ("win_", "windows", ""), ("mingw", "windows", ""),
    ("cygwin", "windows", ""), ("msys", "windows", ""),
)  # fmt: skip
"""What is in the place of a suffix, the system that it means, and which of two kinds of that."""
_POSSIBLE = {
    Format.ELF: ("linux", "android"), Format.MACHO: ("macos", "ios"), Format.PE: ("windows",), Format.WASM: ("emscripten",),
}  # fmt: skip
"""The systems of a file that does not say more than its format."""
_SPELT = {
    "linux": "Linux", "android": "Android", "macos": "macOS", "ios": "iOS", "windows": "Windows", "emscripten": "Emscripten",
    "ios-simulator": "the iOS simulator",
}  # fmt: skip
_SAYS_MUSL = (3, 11)
"""The first CPython whose own suffix tells musl from glibc."""
_HINT = "set the suffix of the target: Python_SOABI in a cross build, SETUPTOOLS_EXT_SUFFIX, crossenv"


class _Named(Record):
    """What a file name says of systems.

    :param text: the part of the name that does.
    :param kind: ``glibc`` or ``musl``, ``ios`` or ``ios-simulator``; empty when it does not tell.
    """

    text: str
    family: str
    kind: str = ""


def misplaced(module: Module, platforms: Sequence[str] = ()) -> Iterator[Finding]:
    """What a suffix names that the code is not for: a CPU, a system, or one of two kinds of a system.

    :param platforms: the platform tags that are claimed; they tell where the file does not.
    """
    if not (module.is_module and module.is_importable):
        return
    told = _other_cpu(module) or _other_system(module, platforms)
    if told is not None:
        yield told


def _other_cpu(module: Module) -> Finding | None:
    cpu = _MULTIARCH.get(module.place) or _MULTIARCH.get(module.place.partition("-")[0])
    cpus = sorted({_cpu(s) for s in module.pieces})
    known = module.format in (Format.ELF, Format.PE) and set(cpus) <= set(_MULTIARCH.values())
    if not known or not cpus or cpu is None or cpu in cpus:
        return None
    what = f"is named for {module.place}, but holds code for {', '.join(cpus)}"
    return _finding(module, what, *(f"its code is for {c}" for c in cpus))


def _cpu(piece: Slice) -> str:
    """As ELF files call it; a hybrid image of Windows is for more than one."""
    if isinstance(piece, PeSlice):
        return piece.hybrid or {"arm64": "aarch64"}.get(piece.cpu, piece.cpu)
    return piece.cpu


def _other_system(module: Module, platforms: Sequence[str]) -> Finding | None:
    if module.format is Format.PE and module.path.endswith(".so"):
        sure = module.tag is not None or module.abi is not None
        return _finding(
            module, "is a file for Windows, where no Python looks for a .so",
            "it is a PE file; Pythons there look for .pyd", severity=Severity.ERROR if sure else Severity.WARNING,
        )  # fmt: skip
    named = _named(module)
    if named is None:
        return None
    families = _families(module, platforms)
    if named.family not in families:
        here = " or ".join(_SPELT.get(f, f) for f in families)
        fact = f"it is {'an' if module.format is Format.ELF else 'a'} {module.format.value} file"
        return _finding(
            module, f"is named for {named.text}, but is for {here}", f"{fact}: no Python there looks for it"
        )
    return _other_kind(module, named, platforms)


def _named(module: Module) -> _Named | None:
    """The system that the suffix means; ``None`` when it names none that is known."""
    for part, family, kind in _NAMED:
        if part in module.place:
            return _Named(text=module.place, family=family, kind=kind)
    return _Named(text="Windows (.pyd)", family="windows") if module.path.endswith(".pyd") else None


def _families(module: Module, platforms: Sequence[str]) -> tuple[str, ...]:
    """The systems that the file is for."""
    owners = {p.family for s in module.pieces for p in PLATFORMS if p.owns(module.format, s)}
    if "linux" in owners and any(tag.startswith("android") for tag in platforms):
        owners.add("android")  # that it lacks Android's mark is said of the tag
    return tuple(sorted(owners)) or _POSSIBLE.get(module.format, ())


def _other_kind(module: Module, named: _Named, platforms: Sequence[str]) -> Finding | None:
    """Another libc, or a device's name for a simulator's code. A Python with musl that says gnu there may be."""
    kinds = {k for s in module.pieces if (k := _kind(s, named.family))} or _claimed(named.family, platforms)
    if len(kinds) != 1 or not named.kind or named.kind in kinds:
        return None
    kind = next(iter(kinds))
    if named.family == "ios":
        return _finding(module, f"is named for {named.text}, but is for {_SPELT.get(kind, kind)}", f"built for {kind}")
    if module.tag is not None and not module.tag.startswith("cp"):
        return None  # other Pythons say gnu of every Linux
    if kind == "glibc":
        return _finding(
            module, f"is named for {named.text}, but is for glibc", "no Python with glibc looks for the name"
        )
    if (_version(module) or _SAYS_MUSL) < _SAYS_MUSL:
        return None
    return _finding(
        module, f"is named for {named.text}, but is for musl",
        "Pythons with musl look for linux-musl from 3.11 on", severity=Severity.WARNING,
    )  # fmt: skip


def _kind(piece: Slice, family: str) -> str | None:
    if family == "ios":
        return next((m.platform for m in piece.minimum_os if m.platform.startswith("ios")), None)
    if family == "linux":
        from ...platforms.linux import libc_of  # most names need no second look

        return libc_of(piece)
    return None


def _claimed(family: str, platforms: Sequence[str]) -> set[str]:
    """What the tags say, where nothing in the file does: libcs."""
    starts = {"manylinux": "glibc", "musllinux": "musl"} if family == "linux" else {}
    return {libc for start, libc in starts.items() for tag in platforms if tag.startswith(start)}


def _version(module: Module) -> tuple[int, int] | None:
    digits = (module.tag or "").removeprefix("cp")
    return (3, int(digits[1:])) if digits[1:].isdigit() else None


def _finding(module: Module, message: str, *evidence: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        code="TW412", severity=severity, where=module.path, message=message, evidence=evidence, hint=_HINT
    )  # fmt: skip

"""The level of x86 CPU that a variant's binaries need, against the one that its properties promise (TW318–TW320). Pure.

What a binary needs of an x86 CPU stands in its ``GNU_PROPERTY_X86_ISA_1_NEEDED`` (x86-64 psABI, "Program property"), which
GCC writes for what it was allowed to use (``-mneeded``) and the dynamic loader of glibc enforces. Code is not taken apart:
an instruction that is there may stand behind a question for the CPU. Properties of other kinds cannot be checked here.
Sources: PEP 825 and PEP 850, drafts; microarchitecture levels of the x86-64 psABI.
"""

from __future__ import annotations

from ..model.binary import LOADABLE, ElfSlice
from ..model.finding import Finding, Severity
from ..model.floor import Evidence, Floor
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.binary import Slice
    from ..model.contents import Contents
    from ..model.variants import Property, Variant

_BASELINE = 1
_LEVELS_IN_NOTES = {
    "x86-64-baseline": 1,
    "x86-64-v2": 2,
    "x86-64-v3": 3,
    "x86-64-v4": 4,
}
_NAMES_IN_NOTES = {level: name for name, level in _LEVELS_IN_NOTES.items()}
_LEVELS_IN_PROPERTIES = {"v1": 1, "v2": 2, "v3": 3, "v4": 4}
"""Levels by their names as values of ``x86_64 :: level``."""
_CPUS = frozenset({"x86_64", "x86_64h", "i686"})
_MOST_FILES = 5
"""Files or properties that a finding lists."""


class X86File(Record):
    """One slice of a file that a loader takes on an x86 CPU.

    :param level: what its notes say that it needs; ``None`` if they say nothing.
    :param can_tell: whether its format has a place for that.
    """

    path: str
    level: int | None
    can_tell: bool


def check_cpu_levels(contents: Contents, *, built: bool) -> tuple[Finding, ...]:
    """Return where the binaries of a variant contradict its properties, and what cannot be checked.

    :param built: whether the wheel is being built: then what is promised must be there to be checked.
    """
    variant = contents.variant
    if variant is None:
        return ()
    files = _x86_files(contents)
    return (
        *find_unchecked_properties(variant),
        *find_broken_promises(variant, files),
        *find_unneeded_level(variant, files),
        *find_silent_files(variant, files, built=built),
    )


def cpu_floors(contents: Contents) -> tuple[Floor, ...]:
    """Return the highest level that the files of a variant need, if it is more than the baseline."""
    if contents.variant is None:
        return ()
    files = _x86_files(contents)
    highest = max((file.level or _BASELINE for file in files), default=_BASELINE)
    if highest == _BASELINE:
        return ()
    evidence = tuple(
        _evidence(file.path, highest) for file in files if file.level == highest
    )
    return (Floor(of="isa", version=(highest,), evidence=evidence),)


def promised_level(variant: Variant) -> int | None:
    """Return the level of every CPU on which the variant is installed.

    ``None`` if its properties say something else of the CPU, which is not judged here.
    """
    values = variant.values("x86_64", "level")
    known = [
        _LEVELS_IN_PROPERTIES[value]
        for value in values
        if value in _LEVELS_IN_PROPERTIES
    ]
    if known:
        return min(known)  # of several values of one feature, one will do
    speaks_of_the_cpu = "x86_64" in variant.namespaces
    return None if speaks_of_the_cpu else _BASELINE


# --- files ------------------------------------------------------------------------------------------------------


def _x86_files(contents: Contents) -> list[X86File]:
    """Return the slices for x86 CPUs that a loader takes, with the level that each says it needs."""
    found = []
    for file, binary in contents.binaries():
        for piece in binary.slices:
            if piece.cpu in _CPUS and piece.kind in LOADABLE:
                can_tell = isinstance(piece, ElfSlice)
                found.append(
                    X86File(
                        path=file.path, level=_level_in_notes(piece), can_tell=can_tell
                    )
                )
    return found


def _level_in_notes(piece: Slice) -> int | None:
    """Return the highest level that the notes of an ELF file name, ``None`` if they name none."""
    if not isinstance(piece, ElfSlice):
        return None
    levels = [
        _LEVELS_IN_NOTES[name] for name in piece.isa_needed if name in _LEVELS_IN_NOTES
    ]
    return max(levels, default=None)


def _evidence(path: str, level: int) -> Evidence:
    """Return what the notes of a file say."""
    return Evidence(
        file=path, fact=f"its notes say that it needs {_NAMES_IN_NOTES[level]}"
    )


# --- findings ---------------------------------------------------------------------------------------------------


def find_unchecked_properties(variant: Variant) -> Iterator[Finding]:
    """Report properties that nothing here can check (TW320)."""
    unchecked = [str(prop) for prop in variant.properties if not _is_known_level(prop)]
    if unchecked:
        yield Finding(
            code="TW320",
            severity=Severity.NOTE,
            where=variant.label,
            message="not all of its properties can be checked here",
            evidence=tuple(unchecked[:_MOST_FILES]),
            hint="they are taken on trust",
        )


def _is_known_level(prop: Property) -> bool:
    """Return whether a property is a level of ``x86_64`` that is known here."""
    is_level = (prop.namespace, prop.feature) == ("x86_64", "level")
    return is_level and prop.value in _LEVELS_IN_PROPERTIES


def find_broken_promises(variant: Variant, files: list[X86File]) -> Iterator[Finding]:
    """Report files that need a newer CPU than the variant promises (TW318)."""
    promised = promised_level(variant)
    if promised is None:
        return
    for file in files:
        if file.level is None or file.level <= promised:
            continue
        promise = (
            "no more than the baseline"
            if promised == _BASELINE
            else f"x86-64-v{promised}"
        )
        option = "x86-64" if promised == _BASELINE else f"x86-64-v{promised}"
        yield Finding(
            code="TW318",
            severity=Severity.ERROR,
            where=file.path,
            message=f"needs more of the CPU than the variant {variant.label} promises",
            evidence=(
                str(_evidence(file.path, file.level)),
                f"{variant} promises {promise}",
            ),
            hint=f"compile it with -march={option}, or declare x86_64 :: level :: v{file.level}",
        )


def find_unneeded_level(variant: Variant, files: list[X86File]) -> Iterator[Finding]:
    """Report a declared level that no file needs (TW319). Files that do not say what they need may need it."""
    declared = _declared_level(variant)
    if declared is None:
        return
    levels = [file.level for file in files if file.level is not None]
    if not files:
        evidence = ["nothing in the wheel is code for an x86 CPU"]
    elif len(levels) == len(files) and declared > max(levels):
        evidence = [
            str(_evidence(file.path, file.level))
            for file in files[:_MOST_FILES]
            if file.level is not None
        ]
    else:
        return
    yield Finding(
        code="TW319",
        severity=Severity.WARNING,
        where=variant.label,
        message="the variant asks for a newer CPU than the binaries do",
        evidence=(*evidence, str(variant)),
        hint="give the compiler that level: add_compile_options(-march=x86-64-vN); or declare the lower one",
    )


def _declared_level(variant: Variant) -> int | None:
    """Return the level that the properties name, ``None`` if they name none that is known."""
    return promised_level(variant) if variant.values("x86_64", "level") else None


def find_silent_files(
    variant: Variant,
    files: list[X86File],
    *,
    built: bool,
) -> Iterator[Finding]:
    """Report files that do not say what they need, so that a declared level cannot be checked (TW320).

    A build is refused if that leaves nothing to check although there could be something.
    """
    declared = _declared_level(variant)
    silent = [file for file in files if file.level is None]
    if declared is None or declared == _BASELINE or not silent:
        return
    nothing_is_known = len(silent) == len(files)
    could_tell = any(file.can_tell for file in silent)
    if not built:
        severity = Severity.NOTE
    elif nothing_is_known and could_tell:
        severity = Severity.ERROR
    else:
        severity = Severity.WARNING
    message = f"does not say what it needs of the CPU: that {variant.label} is true cannot be checked"
    if not nothing_is_known:
        message += " of it"
    if could_tell:
        hint = (
            "build with GCC 11 or newer and the linker of GNU binutils, which leave it; "
            "with others, vouch for it: add_link_options(-Wl,-z,x86-64-vN)"
        )
    else:
        hint = "files of this format have no place for it: try the wheel on such a CPU"
    yield Finding(
        code="TW320",
        severity=severity,
        where=silent[0].path,
        message=message,
        evidence=tuple(
            f"{file.path}: no note of an x86 ISA level" for file in silent[:_MOST_FILES]
        ),
        hint=hint,
    )

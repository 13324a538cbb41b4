"""Wheel variants: whether a label, its properties and ``variant.json`` agree, and whether the CPU that they ask for is the
one that the binaries need. Pure.

What a binary needs of an x86 CPU stands in its ``GNU_PROPERTY_X86_ISA_1_NEEDED`` (x86-64 psABI, "Program property"), which
GCC writes for what it was allowed to use (``-mneeded``) and the dynamic loader of glibc enforces. Code is not taken apart:
an instruction that is there may stand behind a question for the CPU. Other properties are somebody else's to judge.
Sources: PEP 825 and PEP 850, drafts; microarchitecture levels of the x86-64 psABI.
"""

from __future__ import annotations

from ..model.binary import LOADABLE, ElfSlice
from ..model.finding import Finding, Severity
from ..model.floor import Evidence, Floor
from ..model.variants import KNOWN, NULL, read
from ..model.wheel_name import VARIANT, parse_wheel_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.contents import Contents, WheelFacts
    from ..model.variants import Document, Variant

_LEVELS = {"x86-64-baseline": 1, "x86-64-v2": 2, "x86-64-v3": 3, "x86-64-v4": 4}
"""By their names in notes."""
_VALUES = {"v1": 1, "v2": 2, "v3": 3, "v4": 4}
"""By their names as values of ``x86_64 :: level``."""
_CPUS = frozenset({"x86_64", "x86_64h", "i686"})
_TOLD = 5


class _Piece:
    """One file that a loader takes on an x86 CPU.

    :param level: what its notes say that it needs; ``None`` when they say nothing.
    :param can_tell: whether its format has a place for that.
    """

    __slots__ = ("can_tell", "level", "path")

    def __init__(self, path: str, level: int | None, *, can_tell: bool) -> None:
        self.path, self.level, self.can_tell = path, level, can_tell


def promised(variant: Variant) -> int | None:
    """The level that every CPU has on which the variant is installed; ``None`` when properties of another kind speak of
    the CPU, which are not judged here."""
    values = variant.values("x86_64", "level")
    if values:
        return min((_VALUES[v] for v in values if v in _VALUES), default=None)
    return None if "x86_64" in variant.namespaces else 1


def floors(contents: Contents) -> tuple[Floor, ...]:
    """The highest level that the files of a variant need, when it is more than the baseline."""
    pieces = _pieces(contents) if contents.variant is not None else []
    top = max((p.level or 0 for p in pieces), default=0)
    if top < 2:
        return ()
    return (Floor(of="isa", version=(top,), evidence=tuple(_evidence(p) for p in pieces if p.level == top)),)


def findings(contents: Contents, *, built: bool) -> tuple[Finding, ...]:
    """What the binaries say of the properties.

    :param built: whether the wheel is being built: then what is promised must be there to be checked.
    """
    variant = contents.variant
    if variant is None:
        return ()
    pieces = _pieces(contents)
    draft = (_draft(variant.label, "follows PEP 825 and PEP 850, which are drafts"),) if built else ()
    return (*draft, *_unjudged(variant), *_too_low(variant, pieces), *_of_level(variant, pieces, built=built))


def described(facts: WheelFacts) -> tuple[Finding, ...]:
    """What is wrong with the label of a wheel on disk, and with its ``variant.json``."""
    name = parse_wheel_name(facts.filename)
    label = name.variant if name is not None else ""
    text = facts.texts.get(VARIANT)
    where = f"{facts.contents.dist_info}/{VARIANT}"
    if text is None:
        return tuple(_missing(where, label)) if label else ()
    document = read(text)
    return (*_mistaken(where, document), *_disagreeing(where, label, document), *_of_version(where, document))


def _finding(
    code: str, severity: Severity, where: str, message: str, *, evidence: Iterable[str] = (), hint: str
) -> Finding:
    return Finding(code=code, severity=severity, where=where, message=message, evidence=tuple(evidence), hint=hint)


# --- CPU levels -------------------------------------------------------------------------------------------------


def _pieces(contents: Contents) -> list[_Piece]:
    found = []
    for file, binary in contents.binaries():
        for piece in binary.slices:
            if piece.cpu in _CPUS and piece.kind in LOADABLE:
                is_elf = isinstance(piece, ElfSlice)
                levels = [_LEVELS[n] for n in piece.isa_needed if n in _LEVELS] if isinstance(piece, ElfSlice) else []
                found.append(_Piece(file.path, max(levels, default=None), can_tell=is_elf))
    return found


def _evidence(piece: _Piece) -> Evidence:
    name = next(n for n, level in _LEVELS.items() if level == piece.level)
    return Evidence(file=piece.path, fact=f"its notes say that it needs {name}")


def _too_low(variant: Variant, pieces: Iterable[_Piece]) -> Iterator[Finding]:
    level = promised(variant)
    for piece in pieces:
        if level is None or piece.level is None or piece.level <= level:
            continue
        yield _finding(
            "TW318", Severity.ERROR, piece.path, f"needs more of the CPU than the variant {variant.label} promises",
            evidence=[str(_evidence(piece)), f"{variant} promises {_name(level)}"],
            hint=f"compile it with -march={_option(level)}, or declare x86_64 :: level :: v{piece.level}",
        )  # fmt: skip


def _name(level: int) -> str:
    return "no more than the baseline" if level == 1 else f"x86-64-v{level}"


def _option(level: int) -> str:
    return "x86-64" if level == 1 else f"x86-64-v{level}"


def _of_level(variant: Variant, pieces: list[_Piece], *, built: bool) -> Iterator[Finding]:
    """Whether a declared level is there to be seen, and whether it is needed at all."""
    level = promised(variant)
    if level is None or not variant.values("x86_64", "level"):
        return
    silent = [p for p in pieces if p.level is None]
    if not pieces:
        yield _more(variant, ["nothing in the wheel is code for an x86 CPU"])
    elif level > 1 and silent:
        yield _silent(variant, silent, alone=len(silent) == len(pieces), built=built)
    elif level > max(1, *(p.level or 1 for p in pieces)):
        yield _more(variant, [str(_evidence(p)) for p in pieces[:_TOLD]])


def _more(variant: Variant, evidence: list[str]) -> Finding:
    return _finding(
        "TW319", Severity.WARNING, variant.label, "the variant asks for a newer CPU than the binaries do",
        evidence=[*evidence, str(variant)],
        hint="give the compiler that level: add_compile_options(-march=x86-64-vN); or declare the lower one",
    )  # fmt: skip


def _silent(variant: Variant, silent: list[_Piece], *, alone: bool, built: bool) -> Finding:
    """Files that do not say what they need. A build is refused when that leaves nothing to check although there could be."""
    could = any(p.can_tell for p in silent)
    severity = (Severity.ERROR if alone and could else Severity.WARNING) if built else Severity.NOTE
    return _finding(
        "TW320", severity, silent[0].path,
        f"does not say what it needs of the CPU: that {variant.label} is true cannot be checked"
        + ("" if alone else " of it"),
        evidence=[f"{p.path}: no note of an x86 ISA level" for p in silent[:_TOLD]],
        hint="build with GCC 11 or newer and the linker of GNU binutils, which leave it; "
        "with others, vouch for it: add_link_options(-Wl,-z,x86-64-vN)" if could
        else "files of this format have no place for it: try the wheel on such a CPU",
    )  # fmt: skip


def _unjudged(variant: Variant) -> Iterator[Finding]:
    """Properties that nothing here can check."""
    other = [p for p in variant.properties if (p.namespace, p.feature) != ("x86_64", "level") or p.value not in _VALUES]
    if other:
        yield _finding(
            "TW320", Severity.NOTE, variant.label, "not all of its properties can be checked here",
            evidence=map(str, other[:_TOLD]), hint="they are taken on trust",
        )  # fmt: skip


# --- the label and variant.json ---------------------------------------------------------------------------------


def _missing(where: str, label: str) -> Iterator[Finding]:
    yield _finding(
        "TW535", Severity.ERROR, where, f"is missing: nothing tells what {label} means",
        hint="build it again with -Ctruewheel.variant-label=…, or leave the label out of the name",
    )  # fmt: skip


def _mistaken(where: str, document: Document) -> Iterator[Finding]:
    if document.mistakes:
        yield _finding(
            "TW535", Severity.ERROR, where, "is not what the draft asks for, so that installers pass the wheel over",
            evidence=document.mistakes[:_TOLD], hint="build the wheel again",
        )  # fmt: skip


def _disagreeing(where: str, label: str, document: Document) -> Iterator[Finding]:
    labels = [v.label for v in document.variants]
    hint = "build the wheel again; a label cannot be changed by renaming"
    if labels != [label] and (labels or not document.mistakes):
        yield _finding(
            "TW536", Severity.ERROR, where,
            f"describes {', '.join(labels[:_TOLD]) or 'nothing'}; the file name says {label}" if label
            else "describes a variant, but the file name has no label, so that every installer takes it",
            evidence=[str(v)[:200] for v in document.variants[:_TOLD]], hint=hint,
        )  # fmt: skip
    for variant in document.variants:
        if (variant.label == NULL) == bool(variant.properties) and not document.mistakes:
            message = "is the label of a variant without properties" if variant.properties else "has no properties"
            yield _finding(
                "TW536", Severity.ERROR, where, f"{variant.label} {message}",
                evidence=[str(variant)[:200]], hint=f"{NULL} is for the variant without properties, and for that alone",
            )  # fmt: skip


def _of_version(where: str, document: Document) -> Iterator[Finding]:
    if not document.version:
        return
    version = ".".join(map(str, document.version))
    if document.version in KNOWN or not document.version[0]:
        yield _draft(where, f"has format {version}, a draft's")
    else:
        message = f"has format {version}, which is not known here: only its label and properties were looked at"
        yield _finding("TW537", Severity.WARNING, where, message, hint="a newer truewheel may know it")


def _draft(where: str, what: str) -> Finding:
    return _finding(
        "TW537", Severity.WARNING, where, f"{what}: not for production, and package indexes refuse the file name",
        hint="fine for trials and for an index of one's own; what is published is a wheel without a label",
    )  # fmt: skip

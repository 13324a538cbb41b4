"""Claims, be they a published wheel's name or a project's ``wheel.tags``: which of its tags are untrue, and why. Pure.

Of Pythons :mod:`~truewheel.audit.python.tags` tells, of systems the :data:`~truewheel.platforms.PLATFORMS`.
"""

from __future__ import annotations

from ..model.binary import Format, Kind
from ..model.codes import makes_untrue
from ..model.contents import is_data
from ..model.finding import Finding, Severity
from ..platforms import PLATFORMS, examples
from .platform_tags import is_plain, owners_of, why
from .python.interpreters import compatible_pythons
from .python.modules import modules
from .python.tags import python_violations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..model.binary import Binary
    from ..model.contents import Contents, File
    from ..model.verdict import Objection, PlatformRuling
    from ..model.wheel_name import WheelName
    from ..platforms.protocol import Platform


def claim_findings(
    contents: Contents,
    claimed: WheelName,
    rulings: Sequence[PlatformRuling],
    exclude: tuple[str, ...],
    *,
    instead: str = "truewheel tag renames it",
) -> list[Finding]:
    """What is to be said of the tags that are claimed.

    :param instead: how a claim is changed for one that asks for less.
    """
    found: list[Finding] = list(
        python_violations(contents, interpreters=claimed.interpreters, abis=claimed.abis, platforms=claimed.platforms)
    )
    loadable = [f for f, b in contents.binaries() if b.is_loadable]
    for tag in claimed.platforms:
        if tag == "any":
            found += [*_any_with_abi(claimed), *_any_with_binaries(contents, loadable)]
            continue
        platform = next((p for p in PLATFORMS if p.understands(tag)), None)
        if platform is None:
            found.append(unknown_tag(tag))
            continue
        ruling = next((r for r in rulings if r.family == platform.family), None)
        if not any(tag in platform.aliases(other) for other in claimed.platforms[: claimed.platforms.index(tag)]):
            found += untrue(tag, platform.objections(contents, tag, exclude=exclude), ruling)
        found += platform.notes(contents, tag)
        found += of_another_python(tag, platform, claimed.interpreters, claimed.abis)
        found += foreign(tag, platform, contents, rulings)
    if not any(makes_untrue(f) for f in found):
        found += _too_strict(claimed, rulings, instead)
    return found


def untrue(tag: str, objections: Sequence[Objection], ruling: PlatformRuling | None) -> Iterable[Finding]:
    """The findings that follow from objections to ``tag``: one per file, with its first reasons."""
    by_file: dict[str, list[Objection]] = {}
    for objection in objections:
        by_file.setdefault(objection.evidence.file, []).append(objection)
    for file, reasons in by_file.items():
        other_cpu = reasons[0].evidence.fact is not None and "code for" in reasons[0].evidence.fact
        yield Finding(
            code="TW305" if other_cpu else "TW301",
            severity=Severity.ERROR,
            where=file,
            message=f"{tag} is not true of it",
            evidence=tuple(f"{r.evidence}; {r.allows}" for r in reasons[:5]),
            hint=_cure(tag, ruling, other_cpu=other_cpu),
        )


def _cure(tag: str, ruling: PlatformRuling | None, *, other_cpu: bool) -> str:
    ways = []
    if ruling is not None and ruling.tags and tag not in ruling.tags:
        ways.append(f"tag it {ruling.tags[0]}, which is true")
    if ruling is not None and ruling.cure and not other_cpu:
        ways.append(ruling.cure)
    elif other_cpu or not ways:
        ways.append(
            "build it for the CPU that the tag names" if other_cpu else "build it for the platform that the tag names"
        )
    return "; or ".join(ways)


def unknown_tag(tag: str, *, others: tuple[str, ...] = ()) -> Finding:
    """A tag that is none, or of a system that is not known here.

    :param others: what might stand there instead of a tag.
    """
    return Finding(
        code="TW315",
        severity=Severity.ERROR,
        where=tag,
        message=f"{tag} is no platform tag that can be checked here",
        hint=f"such tags are spelt {', '.join((*others, *examples(tag)))}",
    )


def of_another_python(
    tag: str, platform: Platform, interpreters: tuple[str, ...], abis: tuple[str, ...]
) -> list[Finding]:
    """A platform tag that one Python's interpreters take, beside tags that only others do."""
    version, pythons = platform.python(tag), compatible_pythons(interpreters, abis)
    if version is None or not pythons or any(group.include(version) for group in pythons):
        return []
    written = f"{version[0]}.{version[1]}"
    return [
        Finding(
            code="TW411",
            severity=Severity.ERROR,
            where=tag,
            message=f"is taken by Python {written} alone, and {'.'.join(interpreters)}-{'.'.join(abis)} by others",
            evidence=(f"{tag} is the ABI of Python {written} (PEP 783: one for each Python)",),
            hint=f"build it for Python {written}, or for the platform of the Python that it names",
        )
    ]


def foreign(tag: str, platform: Platform, contents: Contents, rulings: Sequence[PlatformRuling]) -> list[Finding]:
    """A platform tag in a wheel whose binaries are all for another system, or that has none."""
    if any(r.family == platform.family for r in rulings):
        return []
    loadable = [(f, b) for f, b in contents.binaries() if b.is_loadable]
    if contents.is_bound and not loadable:
        return []
    if not loadable:
        return [
            Finding(
                code="TW316",
                severity=Severity.NOTE,
                where=tag,
                message="nothing in the wheel is bound to a platform",
                hint="tag it any, unless it calls programs or libraries of that platform",
            )
        ]
    # A file that was recognised, but not read, may be for any system of its format.
    read = [(f, b) for f, b in loadable if b.slices]
    return [_stranger(tag, *read[0], rulings)] if read else []


def _stranger(tag: str, file: File, binary: Binary, rulings: Sequence[PlatformRuling]) -> Finding:
    """A binary that cannot be for the system that ``tag`` names."""
    own = rulings[0].tags[:1] if len(rulings) == 1 else ()
    form = binary.format.value
    fact = f"it is {'an' if form == 'ELF' else 'a'} {form} file for {binary.slices[0].cpu if binary.slices else 'another system'}"
    systems = {m.platform for s in binary.slices for m in s.minimum_os}
    if systems:
        fact += f", built for {' and '.join(sorted(systems))}"
    return Finding(
        code="TW305",
        severity=Severity.ERROR,
        where=file.path,
        message=f"{tag} is not true of it",
        evidence=(fact,),
        hint=f"tag it {own[0]}, which is true; or build it for the system that the tag names"
        if own
        else "build one wheel per system",
    )


def _any_with_abi(claimed: WheelName) -> list[Finding]:
    """An ABI tag beside ``any`` alone (PEP 425): interpreters look for their ABIs on their platforms only."""
    if "none" in claimed.abis or set(claimed.platforms) != {"any"}:
        return []
    return [
        Finding(
            code="TW411",
            severity=Severity.ERROR,
            where=claimed.tag,
            message=f"no Python takes a wheel that is tagged {claimed.tag}",
            evidence=(f"{'.'.join(claimed.abis)} is looked for with a platform, and not with any",),
            hint="tag it none-any when nothing in it is compiled, and else for the platform of its binaries",
        )
    ]


def _any_with_binaries(contents: Contents, loadable: Sequence[File]) -> list[Finding]:
    """Binaries in a wheel for any platform. An extension module there is found on one and missing on the others, and a
    program that is installed as a command starts on one; other files may be data (a launcher to copy, a test's fixture),
    and a wheel that serves several systems chooses at run time.
    """
    if not loadable:
        return []
    alone = len(owners_of(contents)) == 1
    wrong = [m.path for m in modules(contents) if alone and not is_data(m.path)]
    commands = _commands(contents)
    if commands and not wrong:
        wrong, what = commands, "installs a program that runs on one"
    else:
        what = "holds an extension module of one" if wrong else "holds binaries"
    files = wrong or [f.path for f in loadable]
    return [
        Finding(
            code="TW301",
            severity=Severity.ERROR if wrong else Severity.WARNING,
            where=files[0],
            message=f"a wheel for any platform {what}",
            evidence=tuple(_described(f, b) for f, b in contents.binaries() if f.path in files[:5]),
            hint="tag it for the platform of its binaries" + ("" if wrong else ", unless it works without them"),
        )
    ]


def _described(file: File, binary: Binary) -> str:
    """A file as people find it with ``file`` or ``readelf``."""
    cpus = ", ".join(dict.fromkeys(f"{s.kind.value} for {s.cpu}" for s in binary.slices))
    return f"{file.path}: {binary.format.value}" + (f", {cpus}" if cpus else "")


def _commands(contents: Contents) -> list[str]:
    """Programs that installers put on the PATH, when all are for one system. WebAssembly needs no particular one."""
    places = tuple(f"{contents.data_dir}/{place}/" for place in ("scripts", "data/bin", "data/Scripts"))
    found = [(f.path, b) for f, b in contents.binaries() if f.path.startswith(places) and b.format is not Format.WASM]
    programs = [(path, b) for path, b in found if any(s.kind is Kind.EXECUTABLE for s in b.slices)]
    owners = {p.family for _, b in programs for s in b.slices for p in PLATFORMS if p.owns(b.format, s)}
    return [path for path, _ in programs] if len(owners) == 1 else []


def _too_strict(claimed: WheelName, rulings: Sequence[PlatformRuling], instead: str) -> list[Finding]:
    """The best true tag asks for less than every tag in the name does."""
    found = []
    for ruling in rulings:
        if not ruling.tags:
            continue
        best = ruling.tags[0]
        own = [t for t in claimed.platforms if any(p.family == ruling.family and p.understands(t) for p in PLATFORMS)]
        if own and not is_plain(best) and not set(own) & set(ruling.tags) and _comparable(best, own):
            found.append(
                Finding(
                    code="TW302",
                    severity=Severity.NOTE,
                    where=", ".join(own),
                    message=f"asks for more than the binaries do: {best} would be true",
                    evidence=(why(ruling),),
                    hint=instead,
                )
            )
    return found


def _comparable(best: str, own: Sequence[str]) -> bool:
    """Whether the claim is of the same kind as the truth (manylinux, musllinux, macosx …)."""
    return any(kind_of(t) == kind_of(best) for t in own) or all(t.startswith("linux_") for t in own)


def kind_of(tag: str) -> str:
    """``manylinux_2_28_x86_64`` and ``manylinux2014_x86_64`` → ``manylinux``."""
    return tag.partition("_")[0].rstrip("0123456789")

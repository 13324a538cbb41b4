"""The verdict: what a wheel may say of itself, and whether what one says is true. The strictest floor is the tag.

Pure; what operating systems promise is asked of :data:`~truewheel.platforms.PLATFORMS`, what Pythons load of
:mod:`~truewheel.judge.pyabi`, what lies where of :mod:`~truewheel.judge.layout`.
"""

from __future__ import annotations

from ..model.binary import Format, Kind
from ..model.diagnostics import Finding, Severity
from ..model.distinfo import VARIANT, WheelName, parse_wheel_name
from ..model.record import Record, replace
from ..model.verdict import Verdict
from ..platforms import PLATFORMS, examples
from . import layout, pyabi, selection
from .modules import modules
from .takers import all_takers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model.binary import Binary
    from ..model.contents import Contents, File, Import, WheelFacts
    from ..model.floor import Floor
    from ..model.target import Target
    from ..model.verdict import Objection, PlatformRuling, PythonRuling
    from ..platforms.protocol import Platform

AUTO, NATIVE = "auto", "native"

_UNTRUE = frozenset({"TW301", "TW305", "TW315", "TW401", "TW402", "TW403", "TW407", "TW409", "TW411"})
"""Findings that, at level error, make a tag untrue; another one would cure that."""
_LABELS = frozenset({"TW318", "TW535", "TW536"})
"""Findings that, at level error, make a variant's label untrue, which is more than a name."""


class Question(Record):
    """What is asked about a build.

    :param target: the Python and system it was built for.
    :param py_api: ``wheel.py-api``.
    :param promise: ``auto``, ``native``, or a platform tag, with or without its CPU.
    :param demanded: ``wheel.tags``: expanded tags that the project insists on.
    :param exclude: globs on libraries that someone else supplies.
    :param native: the plain platform tags as the engine would write them.
    :param compiled: whether CMake ran.
    :param lost: modules and libraries that CMake built, where it installed no file.
    :param outside: files that it installed outside of the wheel.
    :param imports: what the packages ask of themselves; only when :func:`~truewheel.judge.layout.is_doubtful`.
    :param named: modules at the top level that the wheel's Python files import.
    """

    target: Target
    py_api: str = ""
    promise: str = AUTO
    demanded: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    compiled: bool = True
    lost: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()
    named: frozenset[str] = frozenset()
    select: tuple[str, ...] = ("TW",)
    ignore: tuple[str, ...] = ()


def judge(contents: Contents, question: Question) -> Verdict:
    """The verdict on a tree that was just built."""
    rulings, homeless = _rulings(contents, question.exclude)
    python = pyabi.rule(contents, target=question.target, py_api=question.py_api)
    platforms, findings, reasons = _platforms(contents, question, rulings)
    if question.demanded:
        return _demanded(contents, question, rulings, python)
    if not rulings:
        reasons = (_without_ruling(contents),)
    reasons = (*reasons, python.reason)
    told = [
        *findings,
        *homeless,
        *map(_graver, python.findings),
        *_of_tree(contents, question, platforms),
        *_of_variant(contents, built=True),
        *(f for r in rulings for f in r.findings),
    ]
    return Verdict(
        interpreters=python.interpreters,
        abis=python.abis,
        platforms=platforms,
        purelib=platforms == ("any",),
        floors=(*(f for r in rulings for f in r.floors), *_cpu_floors(contents), *python.floors),
        findings=_told(told, question.select, question.ignore),
        reasons=reasons,
        variant=contents.variant,
    )


def impossible(promise: str) -> tuple[Finding, ...]:
    """What is to be said of a promise that no binary could keep, whatever is built."""
    if promise in (AUTO, NATIVE) or any(p.could_be(promise) for p in PLATFORMS):
        return ()
    return (_unknown_tag(promise, others=(AUTO, NATIVE)),)


def _graver(finding: Finding) -> Finding:
    """What is merely odd in a wheel of somebody else's, and hardly meant in a build of one's own. Several modules in one file
    may be meant: ``ExtensionFileLoader`` loads each by its name."""
    silent = finding.code == "TW404" and layout.is_module(finding.where)  # of a bare .so, ctypes may make use
    if silent or (finding.code == "TW405" and len(finding.evidence) == 1):
        return replace(finding, severity=Severity.ERROR)
    if finding.code == "TW516":
        return replace(finding, severity=Severity.WARNING)
    return finding


def _of_tree(contents: Contents, question: Question, platforms: tuple[str, ...]) -> tuple[Finding, ...]:
    found = layout.tree_findings(
        contents,
        compiled=question.compiled,
        lost=question.lost,
        outside=question.outside,
        imports=question.imports,
        named=question.named,
        platforms=platforms,
    )
    return tuple(map(_graver, found))


def _told(findings: Iterable[Finding], selected: tuple[str, ...], ignored: tuple[str, ...]) -> tuple[Finding, ...]:
    """What is selected, gravest first. That a name is untrue is told in any case: nobody can choose that away."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    unique = tuple(dict.fromkeys(findings))
    kept = set(selection.select(unique, selected=selected, ignored=ignored)) | {f for f in unique if _is_untruth(f)}
    return tuple(sorted(kept, key=lambda f: (order[f.severity], f.code, f.where, f.message)))


def _is_untruth(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR and finding.code in _UNTRUE | _LABELS


def _rulings(contents: Contents, exclude: tuple[str, ...]) -> tuple[tuple[PlatformRuling, ...], tuple[Finding, ...]]:
    """One ruling per platform that owns a binary, and findings on binaries that none owns."""
    owners = _owners(contents)
    rulings = tuple(p.rule(contents, exclude=exclude) for p in PLATFORMS if p in owners)
    homeless = tuple(
        Finding(
            code="TW307",
            severity=Severity.NOTE,
            where=file.path,
            message=f"a {binary.format.value} file, for a system that is not judged here",
            evidence=tuple(f"{s.kind.value} for {s.cpu}" for s in binary.slices) or ("recognised, but not read",),
            hint="its needs are not checked: the tag is the plain one of the platform that it was built on",
        )
        for file, binary in contents.binaries()
        if binary.is_loadable and not any(p.owns(binary.format, s) for p in PLATFORMS for s in binary.slices)
    )
    if len(rulings) > 1:
        homeless += (_several(contents, rulings),)
    return rulings, homeless


def _owners(contents: Contents) -> list[Platform]:
    pieces = [(b.format, s) for _, b in contents.binaries() if b.is_loadable for s in b.slices]
    return [p for p in PLATFORMS if any(p.owns(form, s) for form, s in pieces)]


def _of_variant(contents: Contents, *, built: bool) -> tuple[Finding, ...]:
    """What is to be said of a variant's properties; few wheels are variants, and what judges them takes time to import."""
    if contents.variant is None:
        return ()
    from . import variants  # noqa: PLC0415

    return variants.findings(contents, built=built)


def _cpu_floors(contents: Contents) -> tuple[Floor, ...]:
    if contents.variant is None:
        return ()
    from . import variants  # noqa: PLC0415

    return variants.floors(contents)


def _description(facts: WheelFacts) -> tuple[Finding, ...]:
    """What is wrong with how a variant describes itself."""
    if facts.contents.variant is None and VARIANT not in facts.texts:
        return ()
    from . import variants  # noqa: PLC0415

    return variants.described(facts)


def _several(contents: Contents, rulings: Sequence[PlatformRuling]) -> Finding:
    held: dict[str, str] = {}
    for file, binary in contents.binaries():
        for platform in PLATFORMS:
            if binary.is_loadable and any(platform.owns(binary.format, s) for s in binary.slices):
                held.setdefault(platform.family, file.path)
    return Finding(
        code="TW307",
        severity=Severity.WARNING,
        where=", ".join(r.family for r in rulings),
        message="binaries for several operating systems in one wheel",
        evidence=tuple(f"{held[r.family]} is for {r.family}" for r in rulings),
        hint="build one wheel per system",
    )


# --- platform tags of a build -----------------------------------------------------------------------------------


def _platforms(
    contents: Contents, question: Question, rulings: Sequence[PlatformRuling]
) -> tuple[tuple[str, ...], tuple[Finding, ...], tuple[str, ...]]:
    """Tags, findings, and why."""
    if not rulings:
        return _without_binaries(contents, question)
    ruling = _main(rulings, question.target)
    told = ruling.tags or question.native or (question.target.platform_tag,)
    if question.promise == AUTO:
        return told, (), (_why(ruling),)
    if question.promise == NATIVE:
        return _native(contents, question, ruling), (), ("the plain platform was asked for (tag = native)",)
    tag, platform = _understand(question.promise, contents)
    if platform is None:
        return told, (_unknown_tag(question.promise, others=(AUTO, NATIVE)),), (_why(ruling),)
    objections = platform.objections(contents, tag, exclude=question.exclude)
    kept = (tag, *platform.aliases(tag))
    strange = _of_another_python(tag, platform, (question.target.python_tag,), (question.target.abi_tag,))
    found = (*untrue(tag, objections, ruling), *_foreign(tag, platform, contents, rulings), *strange)
    return kept, found, (f"{tag} was promised, and holds",)


def _without_binaries(
    contents: Contents, question: Question
) -> tuple[tuple[str, ...], tuple[Finding, ...], tuple[str, ...]]:
    # Static libraries and objects are bound to a platform too, though nothing tells to which level of it.
    bound = contents.is_bound
    tags = (question.native or (question.target.platform_tag,)) if bound else ("any",)
    if question.promise in (AUTO, NATIVE):
        return tags, (), ()
    tag = question.promise
    if bound:
        # What nobody reads cannot be held to more than the plain platform; a promise is checked, or not made.
        return tags, () if tag in tags else (_unchecked(tag, contents),), ()
    if wrong := impossible(tag):
        return tags, wrong, ()
    note = Finding(
        code="TW316",
        severity=Severity.NOTE,
        where=tag,
        message="nothing in the wheel is bound to a platform, so it is tagged for any",
        hint="when a module should be there, look at the install() commands of CMakeLists.txt",
    )
    return tags, (note,), ()


def _unchecked(tag: str, contents: Contents) -> Finding:
    return Finding(
        code="TW315",
        severity=Severity.ERROR,
        where=tag,
        message=f"{tag} was promised, but cannot be checked: nothing in the wheel is judged here",
        evidence=tuple(f"{file.path}: {binary.format.value}" for file, binary in contents.binaries()[:5]),
        hint="set tool.truewheel.tag to auto or native for the plain platform tag",
    )


def _main(rulings: Sequence[PlatformRuling], target: Target) -> PlatformRuling:
    """Of several platforms' rulings, that of the target's."""
    family = target.platform_tag.split("_")[0]
    return next((r for r in rulings if r.native.startswith(family)), rulings[0])


def _native(contents: Contents, question: Question, ruling: PlatformRuling) -> tuple[str, ...]:
    """The engine's plain tag, when the binaries are for that platform at all; theirs otherwise."""
    tags = question.native or (question.target.platform_tag,)
    for tag in tags:
        platform = next((p for p in PLATFORMS if p.understands(tag)), None)
        if platform is None or platform.family != ruling.family or platform.objections(contents, tag):
            return (ruling.native,)
    return tags


def _understand(promise: str, contents: Contents) -> tuple[str, Platform | None]:
    for platform in PLATFORMS:
        tag = platform.complete(promise, contents)
        if platform.understands(tag):
            return tag, platform
    return promise, None


def _why(ruling: PlatformRuling) -> str:
    """The decisive floor in words."""
    if not ruling.tags:
        return f"{ruling.reason or 'the binaries do not say for which release'}, so the tag is believed"
    if ruling.tags[0] == ruling.native and _is_plain(ruling.native):
        cause = next((f for f in ruling.findings if f.code in _BLOCKING), None)
        return f"{ruling.native}: {cause.evidence[0] if cause and cause.evidence else 'no promise can be kept'}"
    if ruling.reason:
        return f"{ruling.tags[0]}: {ruling.reason}"
    if not ruling.floors:
        return f"{ruling.tags[0]}: nothing in the binaries asks for more"
    return f"{ruling.tags[0]}: {ruling.floors[0].evidence[0]}"


def _is_plain(tag: str) -> bool:
    """Whether a tag is what remains when no promise can be kept. Only Linux has such tags."""
    return tag.startswith("linux_")


_BLOCKING = frozenset({"TW201", "TW203", "TW206", "TW304", "TW306", "TW308", "TW314"})


def _unknown_tag(tag: str, *, others: tuple[str, ...] = ()) -> Finding:
    """:param others: what might stand there instead of a tag."""
    return Finding(
        code="TW315",
        severity=Severity.ERROR,
        where=tag,
        message=f"{tag} is no platform tag that can be checked here",
        hint=f"such tags are spelt {', '.join((*others, *examples(tag)))}",
    )


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


def _demanded(
    contents: Contents, question: Question, rulings: Sequence[PlatformRuling], python: PythonRuling
) -> Verdict:
    """``wheel.tags``: taken word for word, and checked like anybody's claim."""
    split = [t.split("-") for t in question.demanded]
    parts = [tuple(dict.fromkeys(t[i] for t in split)) for i in range(3)]
    name = WheelName(name="-", version="-", interpreters=parts[0], abis=parts[1], platforms=parts[2])
    instead = "put that into tool.scikit-build.wheel.tags, or leave the tag to truewheel"
    claims = _claims(contents, name, rulings, question.exclude, instead=instead)
    told = [
        *claims,
        *_of_tree(contents, question, parts[2]),
        *_of_variant(contents, built=True),
        *(f for r in rulings for f in r.findings),
    ]
    return Verdict(
        interpreters=parts[0],
        abis=parts[1],
        platforms=parts[2],
        purelib=parts[2] == ("any",),
        floors=(*(f for r in rulings for f in r.floors), *_cpu_floors(contents), *python.floors),
        findings=_told(told, question.select, question.ignore),
        reasons=("tool.scikit-build.wheel.tags says so",),
        variant=contents.variant,
    )


# --- claims of a wheel on disk ----------------------------------------------------------------------------------


class Checked(Record):
    """A wheel on disk: what it claims, what is true, and what is to be said.

    :param claimed: the parts of its file name; ``None`` when that is no wheel's name.
    :param truth: what it might be called.
    :param findings: all of them, errors first.
    :param systems: where binaries are for several systems and the name does not tell which one is meant: those systems.
        Then nothing tells the true name either, and ``truth`` has the claimed platforms.
    """

    claimed: WheelName | None
    truth: Verdict
    findings: tuple[Finding, ...]
    systems: tuple[str, ...] = ()

    @property
    def is_true(self) -> bool:
        """Whether nothing in its name is untrue."""
        return self.claimed is not None and not any(_is_untruth(f) for f in self.findings)

    @property
    def is_best(self) -> bool:
        """Whether its name is true and says all that the truth would: maybe more, as of libcs whose needs it does not show."""
        return self.is_true and self.claimed is not None and set(self.truth.expanded) <= set(self.claimed.expanded)

    @property
    def incurable(self) -> tuple[Finding, ...]:
        """The errors that another name would not cure."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR and f.code not in _UNTRUE)

    @property
    def has_errors(self) -> bool:
        """Whether a finding at error level exists."""
        return any(f.severity is Severity.ERROR for f in self.findings)

    def passes(self, *, strict: bool = False) -> bool:
        """Whether the wheel may be shipped: a true name, and no finding at level error (``strict``: nor warning)."""
        grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return self.is_true and not any(f.severity in grave for f in self.findings)


def check(
    facts: WheelFacts,
    *,
    exclude: tuple[str, ...] = (),
    select: tuple[str, ...] = ("TW",),
    ignore: tuple[str, ...] = (),
    upload: bool = False,
) -> Checked:
    """Whether a wheel's name is true, and what it should be.

    :param upload: whether to look also for what package indexes and installers refuse.
    """
    contents = facts.contents
    rulings, homeless = _rulings(contents, exclude)
    claimed = parse_wheel_name(facts.filename)
    meant = _meant(claimed, rulings)
    claims = _claims(contents, claimed, rulings, exclude) if claimed else [_no_name(facts.filename)]
    truth = _truth(contents, claimed, rulings, meant, _python(contents, claims))
    if claimed is not None and meant:
        truth = replace(truth, platforms=(*truth.platforms, *_beside(contents, claimed, truth, meant, exclude)))
    told = [*claims, *homeless, *(f for r in rulings for f in r.findings)]
    told += layout.findings(facts, opinion=_opinion(facts, truth, untrue=any(_is_untruth(f) for f in claims)))
    told += [*_description(facts), *_of_variant(contents, built=False)]
    if upload:
        from . import upload as refusals  # noqa: PLC0415  # packaging.metadata is slow to import

        told += layout.bounded(refusals.findings(facts))
    systems = () if meant else tuple(r.family for r in rulings)
    return Checked(claimed=claimed, truth=truth, findings=_told(told, select, ignore), systems=systems)


def _opinion(facts: WheelFacts, truth: Verdict, *, untrue: bool) -> str:
    """Whom to believe where WHEEL and the file name differ."""
    if not untrue:
        return "the file name is true"
    return "WHEEL is true" if set(facts.wheel_tags) == set(truth.expanded) else "neither is true"


def _meant(claimed: WheelName | None, rulings: Sequence[PlatformRuling]) -> tuple[PlatformRuling, ...]:
    """The rulings on the systems that a name speaks of; the only one where it speaks of others, or of none."""
    if claimed is None or len(rulings) < 2:
        return tuple(rulings[:1])
    families = {p.family for tag in claimed.platforms for p in PLATFORMS if p.understands(tag)}
    return tuple(r for r in rulings if r.family in families)


def _beside(
    contents: Contents, claimed: WheelName, truth: Verdict, meant: Sequence[PlatformRuling], exclude: tuple[str, ...]
) -> Iterator[str]:
    """Claimed tags of another kind that are true as well: a static program runs with glibc and with musl."""
    kinds = {_kind(tag) for tag in truth.platforms} | {"linux"}
    families = {ruling.family for ruling in meant}
    for tag in claimed.platforms:
        if _kind(tag) in kinds:
            continue
        platform = next((p for p in PLATFORMS if p.family in families and p.understands(tag)), None)
        if platform is not None and not platform.objections(contents, tag, exclude=exclude):
            yield tag


def _kind(tag: str) -> str:
    """``manylinux_2_28_x86_64`` and ``manylinux2014_x86_64`` → ``manylinux``."""
    return tag.partition("_")[0].rstrip("0123456789")


def _no_name(filename: str) -> Finding:
    return Finding(
        code="TW502",
        severity=Severity.ERROR,
        where=filename,
        message="is not the file name of a wheel",
        hint="NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl, and of a variant …-PLATFORM-LABEL.whl",
    )


def _python(contents: Contents, claims: Iterable[Finding]) -> PythonRuling:
    """What the modules say of Pythons; no tags where some are for one Python and the wheel is for any all the same."""
    python = pyabi.rule(contents, target=None)
    spare = any(f.code == "TW409" and not _is_untruth(f) for f in claims)
    return replace(python, interpreters=(), abis=()) if spare else python


def _truth(
    contents: Contents,
    claimed: WheelName | None,
    rulings: Sequence[PlatformRuling],
    meant: Sequence[PlatformRuling],
    python: PythonRuling,
) -> Verdict:
    interpreters, abis = python.interpreters, python.abis
    if claimed is not None and (not interpreters or abis == ("none",) or not _is_narrower(claimed, python)):
        # Suffixes tell the Python of a module, not that pure Python code beside it runs on all of them: what the
        # name says stands unless a module contradicts it.
        interpreters, abis = claimed.interpreters, claimed.abis
    fallback = claimed.platforms if claimed is not None and contents.is_bound else ("any",)
    platforms = tuple(tag for ruling in meant for tag in ruling.tags) or fallback
    if platforms == ("any",):
        abis = ("none",)  # nothing compiled: there is no ABI to be bound to
    return Verdict(
        interpreters=interpreters or ("py3",),
        abis=abis or ("none",),
        platforms=platforms,
        purelib=platforms == ("any",),
        floors=(*(f for r in rulings for f in r.floors), *_cpu_floors(contents), *python.floors),
        reasons=(*(map(_why, meant) if meant else (_without_meaning(contents, rulings),)), python.reason),
        variant=contents.variant,
    )


def _without_meaning(contents: Contents, rulings: Sequence[PlatformRuling]) -> str:
    if rulings:
        return f"binaries for several systems, of which the name means none: {', '.join(r.family for r in rulings)}"
    return _without_ruling(contents)


def _without_ruling(contents: Contents) -> str:
    """Why there is nothing to say of platforms."""
    return "its binaries are not judged here" if contents.is_bound else "no binaries"


def _is_narrower(claimed: WheelName, python: PythonRuling) -> bool:
    return bool(pyabi.contradicts(claimed.interpreters, claimed.abis, python))


def _claims(
    contents: Contents,
    claimed: WheelName,
    rulings: Sequence[PlatformRuling],
    exclude: tuple[str, ...],
    *,
    instead: str = "truewheel tag renames it",
) -> list[Finding]:
    """:param instead: how a claim is changed for one that asks for less."""
    found: list[Finding] = list(pyabi.objections(contents, interpreters=claimed.interpreters, abis=claimed.abis))
    loadable = [f for f, b in contents.binaries() if b.is_loadable]
    for tag in claimed.platforms:
        if tag == "any":
            found += _any_with_binaries(contents, loadable)
            continue
        platform = next((p for p in PLATFORMS if p.understands(tag)), None)
        if platform is None:
            found.append(_unknown_tag(tag))
            continue
        ruling = next((r for r in rulings if r.family == platform.family), None)
        if not any(tag in platform.aliases(other) for other in claimed.platforms[: claimed.platforms.index(tag)]):
            found += untrue(tag, platform.objections(contents, tag, exclude=exclude), ruling)
        found += platform.notes(contents, tag)
        found += _of_another_python(tag, platform, claimed.interpreters, claimed.abis)
        found += _foreign(tag, platform, contents, rulings)
    if not any(_is_untruth(f) for f in found):
        found += _too_strict(claimed, rulings, instead)
    return found


def _of_another_python(
    tag: str, platform: Platform, interpreters: tuple[str, ...], abis: tuple[str, ...]
) -> list[Finding]:
    """A platform tag that one Python's interpreters take, beside tags that only others do."""
    version, takers = platform.python(tag), all_takers(interpreters, abis)
    if version is None or not takers or any(t.include(version) for t in takers):
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


def _any_with_binaries(contents: Contents, loadable: Sequence[File]) -> list[Finding]:
    """Binaries in a wheel for any platform. An extension module there is found on one and missing on the others, and a
    program that is installed as a command starts on one; other files may be data (a launcher to copy, a test's fixture),
    and a wheel that serves several systems chooses at run time.
    """
    if not loadable:
        return []
    alone = len(_owners(contents)) == 1
    wrong = [m.path for m in modules(contents) if alone and not layout.DATA.intersection(m.path.split("/")[:-1])]
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


def _foreign(tag: str, platform: Platform, contents: Contents, rulings: Sequence[PlatformRuling]) -> list[Finding]:
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


def _too_strict(claimed: WheelName, rulings: Sequence[PlatformRuling], instead: str) -> list[Finding]:
    """The best true tag asks for less than every tag in the name does."""
    found = []
    for ruling in rulings:
        if not ruling.tags:
            continue
        best = ruling.tags[0]
        own = [t for t in claimed.platforms if any(p.family == ruling.family and p.understands(t) for p in PLATFORMS)]
        if own and not _is_plain(best) and not set(own) & set(ruling.tags) and _comparable(best, own):
            found.append(
                Finding(
                    code="TW302",
                    severity=Severity.NOTE,
                    where=", ".join(own),
                    message=f"asks for more than the binaries do: {best} would be true",
                    evidence=(_why(ruling),),
                    hint=instead,
                )
            )
    return found


def _comparable(best: str, own: Sequence[str]) -> bool:
    """Whether the claim is of the same kind as the truth (manylinux, musllinux, macosx …)."""
    return any(_kind(t) == _kind(best) for t in own) or all(t.startswith("linux_") for t in own)

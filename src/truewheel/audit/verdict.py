"""The verdict: what a wheel may say of itself, and whether what one says is true. The strictest floor is the tag.

Pure; what operating systems promise is asked of :data:`~truewheel.platforms.PLATFORMS`, what Pythons load of
:mod:`~truewheel.audit.python.tags`, what is well formed of :mod:`~truewheel.checks`. What both a build and a wheel on disk are
held to is :mod:`~truewheel.audit.platform_tags` and :mod:`~truewheel.audit.claimed_tags`.
"""

from __future__ import annotations

from .. import checks
from ..model.codes import makes_name_untrue, makes_untrue
from ..model.contents import is_module
from ..model.finding import Finding, Severity
from ..model.record import Record, replace
from ..model.verdict import Verdict
from ..model.wheel_name import WheelName, parse_wheel_name
from ..platforms import PLATFORMS
from .claimed_tags import claim_findings, foreign, kind_of, of_another_python, unknown_tag, untrue
from .filtering import ordered
from .platform_tags import cpu_floors, of_variant, rulings_of, why, without_ruling
from .python.tags import contradicts, serves_some_pythons_on_purpose, true_python_tags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..model.contents import Contents, Import, WheelFacts
    from ..model.target import Target
    from ..model.verdict import PlatformRuling, PythonRuling
    from ..platforms.protocol import Platform

AUTO, NATIVE = "auto", "native"


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
    :param imports: what the packages ask of themselves; only when :func:`~truewheel.checks.missing_modules.is_doubtful`.
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
    rulings, homeless = rulings_of(contents, question.exclude)
    python = true_python_tags(contents, target=question.target, py_api=question.py_api)
    platforms, findings, reasons = _platforms(contents, question, rulings)
    if question.demanded:
        return _demanded(contents, question, rulings, python)
    if not rulings:
        reasons = (without_ruling(contents),)
    reasons = (*reasons, python.reason)
    told = [
        *findings,
        *homeless,
        *(_graver(f, contents, question.imports) for f in python.findings),
        *_of_tree(contents, question, platforms),
        *of_variant(contents, built=True),
        *(f for r in rulings for f in r.findings),
    ]
    return Verdict(
        interpreters=python.interpreters,
        abis=python.abis,
        platforms=platforms,
        purelib=platforms == ("any",),
        floors=(*(f for r in rulings for f in r.floors), *cpu_floors(contents), *python.floors),
        findings=ordered(told, question.select, question.ignore),
        reasons=reasons,
        variant=contents.variant,
    )


def impossible(promise: str) -> tuple[Finding, ...]:
    """What is to be said of a promise that no binary could keep, whatever is built."""
    if promise in (AUTO, NATIVE) or any(p.could_be(promise) for p in PLATFORMS):
        return ()
    return (unknown_tag(promise, others=(AUTO, NATIVE)),)


def _graver(finding: Finding, contents: Contents, imports: Iterable[Import]) -> Finding:
    """What is merely odd in a wheel of somebody else's, and hardly meant in a build of one's own. Several modules in one file
    may be meant: ``ExtensionFileLoader`` loads each by its name."""
    from ..model.imports import imports_file  # wheels on disk are not asked

    path = finding.where  # of a bare .so that nothing imports, ctypes may make use
    silent = finding.code == "TW404" and (is_module(path) or imports_file(path, contents, imports))
    if silent or (finding.code == "TW405" and len(finding.evidence) == 1):
        return replace(finding, severity=Severity.ERROR)
    return finding


def _of_tree(contents: Contents, question: Question, platforms: tuple[str, ...]) -> tuple[Finding, ...]:
    return checks.check_tree(
        contents,
        compiled=question.compiled,
        lost=question.lost,
        outside=question.outside,
        imports=question.imports,
        named=question.named,
        platforms=platforms,
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
    if ruling.nameless and question.promise in (AUTO, NATIVE):
        return told, _nameless(contents, told, ruling), (why(ruling),)
    if question.promise == AUTO:
        return told, (), (why(ruling),)
    if question.promise == NATIVE:
        return _native(contents, question, ruling), (), ("the plain platform was asked for (tag = native)",)
    tag, platform = _understand(question.promise, contents)
    if platform is None:
        return told, (unknown_tag(question.promise, others=(AUTO, NATIVE)),), (why(ruling),)
    objections = platform.objections(contents, tag, exclude=question.exclude)
    kept = (tag, *platform.aliases(tag))
    strange = of_another_python(tag, platform, (question.target.python_tag,), (question.target.abi_tag,))
    found = (*untrue(tag, objections, ruling), *foreign(tag, platform, contents, rulings), *strange)
    return kept, found, (f"{tag} was promised, and holds",)


def _nameless(contents: Contents, told: tuple[str, ...], ruling: PlatformRuling) -> tuple[Finding, ...]:
    """Of binaries that no tag is for, the target's tag is untrue, unless it is one that nothing is known of."""
    known = [(tag, platform) for tag in told for platform in PLATFORMS if platform.understands(tag)]
    return tuple(f for tag, platform in known for f in untrue(tag, platform.objections(contents, tag), ruling))


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


def _demanded(
    contents: Contents, question: Question, rulings: Sequence[PlatformRuling], python: PythonRuling
) -> Verdict:
    """``wheel.tags``: taken word for word, and checked like anybody's claim."""
    split = [t.split("-") for t in question.demanded]
    parts = [tuple(dict.fromkeys(t[i] for t in split)) for i in range(3)]
    name = WheelName(name="-", version="-", interpreters=parts[0], abis=parts[1], platforms=parts[2])
    instead = "put that into tool.scikit-build.wheel.tags, or leave the tag to truewheel"
    claims = claim_findings(contents, name, rulings, question.exclude, instead=instead)
    told = [
        *claims,
        *_of_tree(contents, question, parts[2]),
        *of_variant(contents, built=True),
        *(f for r in rulings for f in r.findings),
    ]
    return Verdict(
        interpreters=parts[0],
        abis=parts[1],
        platforms=parts[2],
        purelib=parts[2] == ("any",),
        floors=(*(f for r in rulings for f in r.floors), *cpu_floors(contents), *python.floors),
        findings=ordered(told, question.select, question.ignore),
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
    :param system_findings: those of ``findings`` that are about systems: several of them, or unknown ones (TW307).
    """

    claimed: WheelName | None
    truth: Verdict
    findings: tuple[Finding, ...]
    systems: tuple[str, ...] = ()
    system_findings: tuple[Finding, ...] = ()

    @property
    def is_true(self) -> bool:
        """Whether nothing in its name is untrue."""
        return self.claimed is not None and not any(makes_untrue(f) for f in self.findings)

    @property
    def is_best(self) -> bool:
        """Whether its name is true and says all that the truth would: maybe more, as of libcs whose needs it does not show."""
        return self.is_true and self.claimed is not None and set(self.truth.expanded) <= set(self.claimed.expanded)

    @property
    def incurable(self) -> tuple[Finding, ...]:
        """The errors that another name would not cure."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR and not makes_name_untrue(f))

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
    rulings, homeless = rulings_of(contents, exclude)
    claimed = parse_wheel_name(facts.filename)
    meant = _meant(claimed, rulings)
    claims = claim_findings(contents, claimed, rulings, exclude) if claimed else [_no_name(facts.filename)]
    truth = _truth(contents, claimed, rulings, meant, _python(contents, claimed))
    if claimed is not None and meant:
        truth = replace(truth, platforms=(*truth.platforms, *_beside(contents, claimed, truth, meant, exclude)))
    told = [*claims, *homeless, *(f for r in rulings for f in r.findings)]
    told += checks.check_wheel(facts, opinion=_opinion(facts, truth, untrue=any(makes_untrue(f) for f in claims)))
    told += of_variant(contents, built=False)
    if upload:
        told += checks.check_upload(facts)
    systems = () if meant else tuple(r.family for r in rulings)
    return Checked(
        claimed=claimed,
        truth=truth,
        findings=ordered(told, select, ignore),
        systems=systems,
        system_findings=tuple(homeless),
    )


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
    kinds = {kind_of(tag) for tag in truth.platforms} | {"linux"}
    families = {ruling.family for ruling in meant}
    for tag in claimed.platforms:
        if kind_of(tag) in kinds:
            continue
        platform = next((p for p in PLATFORMS if p.family in families and p.understands(tag)), None)
        if platform is not None and not platform.objections(contents, tag, exclude=exclude):
            yield tag


def _no_name(filename: str) -> Finding:
    return Finding(
        code="TW502",
        severity=Severity.ERROR,
        where=filename,
        message="is not the file name of a wheel",
        hint="NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl, and of a variant …-PLATFORM-LABEL.whl",
    )


def _python(contents: Contents, claimed: WheelName | None) -> PythonRuling:
    """What the modules say of Pythons; no tags where some are for one Python and the wheel is for any all the same."""
    python = true_python_tags(contents, target=None)
    if claimed is None:
        return python
    if serves_some_pythons_on_purpose(contents, interpreters=claimed.interpreters, abis=claimed.abis):
        return replace(python, interpreters=(), abis=())
    return python


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
    strange = _impossible(claimed, interpreters, abis, platforms)
    if strange is not None and claimed is not None:
        interpreters, abis = claimed.interpreters, claimed.abis
        python = replace(python, reason=f"{python.reason}, and {strange.evidence[0]}: no true name is known")
    return Verdict(
        interpreters=interpreters or ("py3",),
        abis=abis or ("none",),
        platforms=platforms,
        purelib=platforms == ("any",),
        floors=(*(f for r in rulings for f in r.floors), *cpu_floors(contents), *python.floors),
        reasons=(*(map(why, meant) if meant else (_without_meaning(contents, rulings),)), python.reason),
        variant=contents.variant,
    )


def _impossible(
    claimed: WheelName | None, interpreters: tuple[str, ...], abis: tuple[str, ...], platforms: tuple[str, ...]
) -> Finding | None:
    """Why the Python of the modules with the claimed platform is a name that nobody takes: one of both is wrong, and nothing
    tells which."""
    if claimed is None or (interpreters, abis) == (claimed.interpreters, claimed.abis):
        return None
    pairs = [(tag, platform) for tag in platforms for platform in PLATFORMS if platform.understands(tag)]
    found = (f for tag, platform in pairs for f in of_another_python(tag, platform, interpreters, abis))
    return next(found, None)


def _without_meaning(contents: Contents, rulings: Sequence[PlatformRuling]) -> str:
    if rulings:
        return f"binaries for several systems, of which the name means none: {', '.join(r.family for r in rulings)}"
    return without_ruling(contents)


def _is_narrower(claimed: WheelName, python: PythonRuling) -> bool:
    return contradicts(claimed.interpreters, claimed.abis, python)

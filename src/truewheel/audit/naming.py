"""The true name of a wheel: under which ``truewheel tag`` writes it, or why there is none. Pure.

The questions, in this order:

1. Is it named as a wheel at all? Else nothing tells its distribution and version.
2. Has it errors that no other name would cure? Then no name makes it a good wheel.
3. Has it binaries for several systems, none of which its name names? Then somebody has to choose.
4. Is its name true, and as good as the truth? Then it stays: it may say more than its binaries tell.
5. Is the name that its binaries tell true? ``check`` is asked once more, for a module may contradict the Python or ABI
   tag without telling which would be right.
"""

from __future__ import annotations

from ..model.errors import VerdictError, WheelError
from ..model.finding import Severity
from ..model.record import replace
from ..platforms import platform_of
from .linkage import audit_of
from .python.tags import python_claim_findings
from .verdict import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.contents import Contents, WheelFacts
    from ..model.neighbours import Neighbour
    from ..model.wheel_name import WheelName
    from .truth import Checked


def true_name(
    facts: WheelFacts,
    checked: Checked,
    *,
    exclude: tuple[str, ...] = (),
    neighbours: Sequence[Neighbour] = (),
) -> WheelName:
    """Return the name that a wheel should have.

    :param checked: what was concluded about the wheel under the name that it has.
    :param exclude: globs on libraries that someone else supplies, as ``checked`` was made with.
    :param neighbours: distributions that are installed beside it, as ``checked`` was made with.
    :raises WheelError: when its file name is not a wheel's.
    :raises VerdictError: when it has no true name, or nothing tells it.
    """
    name = _likely_name(facts, checked)
    # A module may contradict the tags without telling others: one that breaks the stable ABI which it is named for.
    renamed = replace(facts, filename=str(name))
    again = check(renamed, exclude=exclude, neighbours=neighbours)
    if again.is_true:
        return name
    hint = None
    if _is_python_untrue(facts.contents, name):
        hint = "build it again for the Python that it is meant for"
    raise VerdictError(
        f"{facts.filename}: no true name for it is known",
        findings=[
            finding for finding in again.findings if finding.severity is Severity.ERROR
        ],
        hint=hint,
    )


def promised_name(
    facts: WheelFacts,
    checked: Checked,
    promise: str,
    *,
    exclude: tuple[str, ...] = (),
    neighbours: Sequence[Neighbour] = (),
) -> WheelName:
    """Return the name with a platform tag that somebody promises.

    :param promise: a platform tag, with or without its CPU.
    :param neighbours: distributions that are installed beside it.
    :raises VerdictError: when it is no tag, or the binaries do not keep it.
    """
    from .build_tags import expand_promise, impossible  # few names are promised

    wrong = impossible(promise)
    if wrong:
        raise VerdictError("no wheel could keep what is promised", findings=wrong)
    audit = audit_of(facts.contents, exclude)
    tag = expand_promise(promise, audit)
    if tag is None:
        true = ".".join(checked.truth.platforms)
        raise VerdictError(
            f"{facts.filename}: none of its binaries is for {promise}, which was promised",
            findings=(),
            hint=f"promise what is true, {true}; or promise nothing",
        )
    name = replace(
        _likely_name(facts, checked),
        platforms=(tag.text, *platform_of(tag.family).aliases(tag)),
    )
    again = check(
        replace(facts, filename=str(name)), exclude=exclude, neighbours=neighbours
    )
    if again.is_true:
        return name
    raise VerdictError(
        f"{facts.filename}: the binaries do not keep the promise {tag}",
        findings=[
            finding for finding in again.findings if finding.severity is Severity.ERROR
        ],
    )


def _likely_name(facts: WheelFacts, checked: Checked) -> WheelName:
    """Return the name that the binaries tell, or the present one when it is as good."""
    claimed, truth = checked.claimed, checked.truth
    if claimed is None:
        raise WheelError(
            f"{facts.filename} is not the file name of a wheel",
            hint="rename it first: NAME-VERSION-PYTHON-ABI-PLATFORM.whl",
        )
    if checked.incurable:
        raise VerdictError(
            f"{facts.filename} has errors that have to be mended first",
            findings=checked.incurable,
        )
    if checked.systems:
        raise VerdictError(
            f"{facts.filename} has binaries for several systems, and its name does not tell which one is meant",
            findings=checked.system_findings,
            hint="rename it for one system (linux_x86_64, win_amd64 …), then run tag again",
        )
    # Installers prefer a name that says more, as of libcs whose needs the binaries do not show.
    if checked.is_best:
        return claimed
    return replace(
        claimed,
        interpreters=truth.interpreters,
        abis=truth.abis,
        platforms=truth.platforms,
    )


def _is_python_untrue(contents: Contents, name: WheelName) -> bool:
    """Return whether modules contradict the Python and ABI tags of a name."""
    violations = python_claim_findings(
        contents,
        interpreters=name.interpreters,
        abis=name.abis,
        platforms=name.platforms,
    )
    return any(violation.severity is Severity.ERROR for violation in violations)


def agrees_with_wheel_file(facts: WheelFacts, name: WheelName) -> bool:
    """Return whether the ``Tag:`` lines of the wheel's ``WHEEL`` file say what ``name`` says; having none, they do."""
    return not facts.wheel_tags or set(facts.wheel_tags) == set(name.expanded)

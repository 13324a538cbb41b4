"""Whether METADATA requires the releases whose libraries a wheel was linked with (TW211, TW212). Pure.

Only libraries are known here of which it is certain which release has them: by the number in their names, or because their ABI
changes with each release. That a library is missing altogether is told elsewhere (TW201, TW207).
"""

from __future__ import annotations

import re

from ..model.audit import ExcludedBy, InWheel, Supplied
from ..model.finding import Finding, Severity
from ..model.record import NamedTuple
from .requirements import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..model.audit import Linkage, PlatformAudit
    from ..model.binary import Slice
    from .requirements import Requirements


class Demand(NamedTuple):
    """What a library that is needed says about the distribution that supplies it.

    :param distribution: the name to be required.
    :param release: the only release that has the library, ``19.0``; empty for the one that was compiled against.
    :param rivals: how the names of distributions begin that have the same library of other releases.
    """

    distribution: str
    release: str = ""
    rivals: str = ""


class Use(NamedTuple):
    """A library that a file needs, and what follows."""

    link: Linkage
    demand: Demand


def _torch(_match: re.Match[str], code: Slice) -> Demand | None:
    """Libtorch says no release in its names, and keeps no ABI for C++ from one minor release to the next.

    What keeps to the C functions of its stable ABI works with later releases
    (https://docs.pytorch.org/docs/stable/notes/libtorch_stable_abi.html).
    """
    # With C functions alone, it keeps to the stable ABI, or uses nothing.
    if not any(_NAMES_OF_TORCH.search(symbol.name) for symbol in code.imports):
        return None
    return Demand("torch")


def _arrow(match: re.Match[str], _code: Slice) -> Demand | None:
    """Return the release that Arrow's SONAME holds: ``1900`` is 19.0 (``ARROW_SO_VERSION`` in its CMakeLists.txt)."""
    major, minor = divmod(int(match["number"] or match["mac"]), 100)
    return Demand("pyarrow", f"{major}.{minor}")


def _cuda(match: re.Match[str], _code: Slice) -> Demand | None:
    """Return NVIDIA's distribution of a library. Up to CUDA 12 the names of distributions hold the major version."""
    stem = _CUDA[match["stem"].lower()]
    major = int(match["number"])
    name = stem if major >= _CUDA_WITHOUT_SUFFIX else f"{stem}-cu{major}"
    return Demand(name, rivals=stem)


_NAMES_OF_TORCH = re.compile(
    # Itanium: _ZN2at6Tensor…, _ZNK3c10…, …RKN2at6TensorE; Visual C++: …@at@@, …@c10@@.
    r"^_+Z.*(?:N|NK)(?:2at|3c10|5torch)\d"
    r"|^\?.*@(?:at|c10|torch)@@"
)
"""Names of C++ functions of libtorch, or with its types."""
_CUDA = {
    "cudart": "nvidia-cuda-runtime",
    "cublas": "nvidia-cublas",
    "cublaslt": "nvidia-cublas",
    "nvrtc": "nvidia-cuda-nvrtc",
    "nvjitlink": "nvidia-nvjitlink",
    "cupti": "nvidia-cuda-cupti",
}
"""NVIDIA's distributions, by libraries whose SONAME is the major version of CUDA."""
_CUDA_WITHOUT_SUFFIX = 13
"""The first CUDA whose distributions are told by their version alone."""

_OF_TORCH = tuple(
    f"{minor_release}.{patch}"
    for minor_release in (
        *(f"1.{minor}" for minor in range(14)),
        *(f"2.{minor}" for minor in range(40)),
        "3.0",
    )
    for patch in (0, 1, 9)
)
"""Releases of torch that there are or may be: a requirement is wide if it allows two that differ in their minor version."""
_AROUND = 5
"""Major releases before and after one that a requirement is asked for."""

_RULES: tuple[
    tuple[re.Pattern[str], Callable[[re.Match[str], Slice], Demand | None]], ...
] = (
    (
        re.compile(r"(?:lib)?(?:torch|c10)(?:_[a-z]+)*\.(?:so|dylib|dll)"),
        _torch,
    ),
    (
        re.compile(
            r"lib(?:arrow|parquet)(?:_[a-z]+)*\.(?:so\.(?P<number>\d{3,4})|(?P<mac>\d{3,4})\.dylib)"
        ),
        _arrow,
    ),
    (
        re.compile(
            r"lib(?P<stem>cudart|cublas|cublasLt|nvrtc|nvJitLink|cupti)\.so\.(?P<number>\d\d)(?:\.\d+)?"
        ),
        _cuda,
    ),
    (
        re.compile(r"(?i:(?P<stem>cudart|cublas|cublasLt)64_(?P<number>1[2-9])\.dll)"),
        _cuda,
    ),
)
"""How libraries are named, and what follows."""


def uses_of_releases(part: PlatformAudit) -> list[Use]:
    """Return the needs of one platform's files that only certain releases of another distribution fulfil."""
    found = []
    slices = {(code.path, code.cpu): code.slice for code in part.files}
    for link in part.linkage:
        # As nearly all are.
        if isinstance(link.source, (Supplied, InWheel)):
            continue
        demand = _demand(link, slices[link.file, link.cpu])
        if demand is not None:
            found.append(Use(link, demand))
    return found


def _demand(link: Linkage, code: Slice) -> Demand | None:
    # macOS has it with a path: @rpath/libc10.dylib
    name = link.need.library.rpartition("/")[2]
    for pattern, rule in _RULES:
        match = pattern.fullmatch(name)
        if match is not None:
            return rule(match, code)
    return None


def release_findings(
    uses: Iterable[Use],
    requirements: Requirements,
    *,
    where: str,
) -> Iterator[Finding]:
    """Yield a finding for each distribution whose requirement does not say what the libraries do.

    :param where: the path of METADATA.
    """
    by_demand: dict[Demand, list[Linkage]] = {}
    for link, demand in uses:
        by_demand.setdefault(demand, []).append(link)
    for demand, links in by_demand.items():
        finding = _finding(demand, links, requirements, where=where)
        if finding is not None:
            yield finding


def _finding(
    demand: Demand,
    links: Sequence[Linkage],
    requirements: Requirements,
    *,
    where: str,
) -> Finding | None:
    """Return what is to be said of one distribution."""
    # Where nobody is required, others bring CUDA, so that only a contradiction is certain.
    if demand.rivals:
        return _of_other_major(demand, links, requirements, where=where)
    if not requirements.of(demand.distribution):
        return _not_required(demand, links, requirements, where=where)
    if demand.release:
        return _of_other_release(demand, links, requirements, where=where)
    return _of_many_releases(demand, links, requirements, where=where)


# --- one decision each --------------------------------------------------------------------------------------------


def _of_many_releases(
    demand: Demand,
    links: Sequence[Linkage],
    requirements: Requirements,
    *,
    where: str,
) -> Finding | None:
    """Return TW211 where more than one minor release is allowed, and each has an ABI of its own."""
    name = demand.distribution
    allowed = _allowed(name, _OF_TORCH, requirements)
    # Patch releases of one minor release keep the ABI.
    minor_releases = {version.rpartition(".")[0] for version in allowed}
    if len(minor_releases) < 2:
        return None
    return Finding(
        code="TW211",
        severity=Severity.WARNING,
        where=where,
        message=f"more than one minor release of {name} is allowed, and the C++ interface of its libraries differs between them",
        evidence=_evidence(name, links, requirements),
        hint=_pin_hint(name),
    )


def _of_other_release(
    demand: Demand,
    links: Sequence[Linkage],
    requirements: Requirements,
    *,
    where: str,
) -> Finding | None:
    """Return TW211 where another release is allowed than the one that has the library."""
    name, release = demand.distribution, demand.release
    allowed = _allowed(name, _releases_around(release), requirements)
    others = [one for one in allowed if not one.startswith(f"{release}.")]
    if not others:
        return None
    return Finding(
        code="TW211",
        severity=Severity.WARNING,
        where=where,
        message=f"{name} {others[-1]} is allowed, and only {release} has the libraries that the wheel needs",
        evidence=_evidence(name, links, requirements),
        hint=f'in [project]: dependencies = ["{name}=={release}.*"]. {_pin_hint(name)}',
    )


def _of_other_major(
    demand: Demand,
    links: Sequence[Linkage],
    requirements: Requirements,
    *,
    where: str,
) -> Finding | None:
    """Return TW211 where the same library is required of another major version of CUDA, and not of this one.

    Most wheels get CUDA's libraries from what they require (torch, cuda-toolkit), so that nothing follows where none is named.
    """
    wanted = demand.distribution
    rivals = [
        one for one in requirements.others() if _is_rival(one, demand) and one != wanted
    ]
    if not rivals or requirements.of(wanted):
        return None
    return Finding(
        code="TW211",
        severity=Severity.WARNING,
        where=where,
        message=f"{rivals[0]} is required, and the wheel needs the library of {wanted}",
        evidence=_evidence(rivals[0], links, requirements),
        hint=f"require {wanted}, or compile with the CUDA of {rivals[0]}",
    )


def _not_required(
    demand: Demand,
    links: Sequence[Linkage],
    requirements: Requirements,
    *,
    where: str,
) -> Finding | None:
    """Return TW212 where the project says that someone else supplies the library, and METADATA does not say who."""
    name = demand.distribution
    # Else it is told that the library is missing, or that its distribution is not required.
    excluded = [link for link in links if isinstance(link.source, ExcludedBy)]
    if not excluded or requirements.named(name) or requirements.are_unclear(name):
        return None
    others = requirements.others()
    evidence = _evidence(name, excluded, requirements)
    if others:
        evidence += (f"not known are the requirements of {listed(others)}",)
    return Finding(
        code="TW212",
        severity=Severity.NOTE if others else Severity.WARNING,
        where=where,
        message=f"the wheel uses libraries of {name}, and does not require it",
        evidence=evidence,
        hint=_pin_hint(name),
    )


# --- what they have in common -------------------------------------------------------------------------------------


def _releases_around(release: str) -> list[str]:
    """Return releases of a distribution whose major version counts up with each: the given one, and some before and after."""
    major = int(release.partition(".")[0])
    oldest = max(1, major - _AROUND)
    return [
        f"{number}.0.{patch}"
        for number in range(oldest, major + _AROUND + 1)
        for patch in (0, 1)
    ]


def _allowed(
    name: str, versions: Sequence[str], requirements: Requirements
) -> list[str]:
    """Return the versions that are allowed with one of the Pythons that take the wheel."""
    found: set[str] = set()
    for python in requirements.pythons:
        found.update(requirements.allowed(name, versions, python))
    return [version for version in versions if version in found]


def _is_rival(name: str, demand: Demand) -> bool:
    """Return whether a distribution has the same library, of whatever major version."""
    return name == demand.rivals or name.startswith(f"{demand.rivals}-cu")


def _evidence(
    name: str, links: Sequence[Linkage], requirements: Requirements
) -> tuple[str, ...]:
    """Return who needs a library, and what METADATA requires of a distribution."""
    first, *others = links
    evidence = [f"{first.file} needs {first.need.library}"]
    if others:
        evidence.append(f"and {len(others)} more")
    evidence += [f"Requires-Dist: {one}" for one in requirements.of(name)]
    return tuple(evidence)


def _pin_hint(name: str) -> str:
    return f'let the build write the version that it compiles against: pin = ["{name}"] in [tool.truewheel]'

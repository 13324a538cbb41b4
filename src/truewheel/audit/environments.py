"""Where the requirements of METADATA are asked whether they hold: the values of markers, by platform and Python. Pure.

Source: the specification of dependency specifiers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.requirements import Requirement

    from ..model.audit import PlatformAudit

PYTHONS = tuple(f"3.{minor}" for minor in range(8, 16))
"""Pythons with one of which a requirement has to hold."""
_SYSTEMS = {
    "linux": ("posix", "Linux", "linux"),
    "macos": ("posix", "Darwin", "darwin"),
    "windows": ("nt", "Windows", "win32"),
    "android": ("posix", "Android", "android"),
    "ios": ("posix", "iOS", "ios"),
    "emscripten": ("posix", "Emscripten", "emscripten"),
}
"""``os_name``, ``platform_system`` and ``sys_platform`` of each platform (dependency specifiers, "Environment markers")."""
_WINDOWS_CPUS = {"x86_64": "AMD64", "arm64": "ARM64", "i686": "x86"}
"""``platform_machine`` where it is not the CPU's name in a tag."""


def may_hold(
    requirement: Requirement, environments: Iterable[Mapping[str, str]], extra: str = ""
) -> bool:
    """Return whether a requirement holds in one of the environments, with the extra, if one is named."""
    if requirement.marker is None:
        return True
    for one in environments:
        # Without an extra, "extra" is empty (dependency specifiers).
        if requirement.marker.evaluate({**one, "extra": extra}):
            return True
    return False


def environments_on(
    family: str, cpu: str, pythons: Iterable[str] = PYTHONS
) -> tuple[dict[str, str], ...]:
    """Return the values of all markers on a platform, for each Python.

    Every one is given, for packaging would take the others from the machine that this runs on.
    """
    os_name, system, sys_platform = _SYSTEMS[family]
    machine = _WINDOWS_CPUS.get(cpu, cpu) if family == "windows" else cpu
    fixed = {
        "implementation_name": "cpython",
        "os_name": os_name,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "sys_platform": sys_platform,
    }
    made = []
    for python in pythons:
        full = f"{python}.0"
        versions = {
            "python_version": python,
            "python_full_version": full,
            "implementation_version": full,
        }
        made.append({**fixed, **versions})
    return tuple(made)


def environments_of(part: PlatformAudit) -> tuple[dict[str, str], ...]:
    """Return the values of all markers where the files of a platform run, for each Python."""
    return environments_on(part.family, part.files[0].cpu)


def parsed(text: str) -> Requirement | None:
    """Return a requirement; ``None`` for what is not one, which is TW529's to tell."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def normalised(name: str) -> str:
    """Return a distribution's name as names are compared."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)

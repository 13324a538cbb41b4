"""The machine and the interpreter that run this build, looked at once and passed on as values.

Here alone it is asked which Python and which system we happen to run on; all others are told.
"""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from ..model.errors import TruewheelError
from ..model.target import Target

_EPOCH = 1580601600
"""2020-02-02 00:00:00 UTC: the time of what is made when SOURCE_DATE_EPOCH does not say another."""
_DISTRIBUTIONS: Mapping[str, str] = {
    "CONDA_BUILD": "conda-build",
    "DEB_BUILD_ARCH": "Debian's dpkg-buildpackage",
    "DEB_HOST_ARCH": "Debian's dpkg-buildpackage",
    "DH_INTERNAL_OPTIONS": "Debian's debhelper",
    "NIX_BUILD_TOP": "Nix",
    "RPM_BUILD_ROOT": "rpmbuild",
    "EBUILD_PHASE": "Gentoo's Portage",
    "SPACK_ENV_PATH": "Spack",
    "SPACK_CC": "Spack",
    "PYBUILD_NAME": "Debian's pybuild",
}
"""Variables that a distribution's package build sets (conda-build "Environment variables set during the build process",
dpkg-architecture(1), debhelper(7), pybuild(1), Nix manual "stdenv", rpm "Build scriptlets", ebuild(5), Spack
"compiler wrappers")."""


def find_distribution(environ: Mapping[str, str]) -> str | None:
    """Return which distribution's package build this is, and the variable that says so; ``None`` when it is not one."""
    for variable, name in _DISTRIBUTIONS.items():
        # An empty value is how such a variable is switched off.
        if environ.get(variable):
            return f"{name} ({variable} is set)"
    return None


def is_windows() -> bool:
    """Return whether shells here are those of Windows."""
    return os.name == "nt"


def is_linux() -> bool:
    """Return whether programs here are those of Linux."""
    return sys.platform == "linux"


def is_free_threaded() -> bool:
    """Return whether this Python was built without the GIL (PEP 703), be it on at the moment or not."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def libc() -> str:
    """Return the C library of this Python, ``glibc`` or ``musl``; empty where it is neither.

    Source: confstr(3). Only glibc answers it.
    """
    if not is_linux():
        return ""
    try:
        return "glibc" if os.confstr("CS_GNU_LIBC_VERSION") else "musl"
    except (ValueError, OSError):
        return "musl"


def machine_and_c_library() -> str:
    """Return the kind of machine and its C library, as ``x86_64-glibc-2.36`` or ``aarch64-other``.

    Source: confstr(3). Only glibc answers it, so that musl is among the others.
    """
    try:
        library = os.confstr("CS_GNU_LIBC_VERSION") or "other"
    except (ValueError, OSError):
        library = "other"
    return f"{os.uname().machine}-{library}".replace(" ", "-")


def source_date_epoch(environ: Mapping[str, str] | None = None) -> int:
    """Return the time that reproducible artefacts carry, in seconds since 1970 UTC.

    Source: https://reproducible-builds.org/specs/source-date-epoch/

    :raises TruewheelError: when ``SOURCE_DATE_EPOCH`` is not a number.
    """
    if environ is None:
        environ = os.environ
    text = environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return _EPOCH
    try:
        return int(text)
    except ValueError:
        raise TruewheelError(
            f"SOURCE_DATE_EPOCH is {text!r}, not a number of seconds",
            hint="unset it, or export SOURCE_DATE_EPOCH=$(git log -1 --pretty=%ct)",
        ) from None


def installed_distributions() -> frozenset[str]:
    """Return the normalised names of what is installed for this interpreter."""
    import importlib.metadata  # slow, and asked for only when a build has failed

    from packaging.utils import canonicalize_name

    names = set()
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        # Broken installations have metadata without a name.
        if name:
            names.add(canonicalize_name(name))
    return frozenset(names)


def has_headers(target: Target) -> bool:
    """Whether ``Python.h`` is where the target says."""
    return Path(target.headers, "Python.h").is_file()


@functools.cache
def running_target() -> Target:
    """Return the interpreter that runs this build, on its system, as a target."""
    # Slow to import: builds do so while CMake runs (``prefetch``).
    from packaging import tags

    # The first tag is the most specific one: this very interpreter, with its own ABI.
    best = next(tags.sys_tags())
    return Target(
        implementation=sys.implementation.name,
        version=(sys.version_info.major, sys.version_info.minor),
        python_tag=best.interpreter,
        abi_tag=best.abi,
        suffix=sysconfig.get_config_var("EXT_SUFFIX") or "",
        platform_tag=sysconfig.get_platform().replace("-", "_").replace(".", "_"),
        system=sys.platform,
        headers=sysconfig.get_path("include"),
    )

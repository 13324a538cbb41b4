"""The machine and the interpreter that run this build, looked at once and passed on as values."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from ..model.errors import TruewheelError
from ..model.target import Target

_EPOCH = 1580601600
"""2020-02-02 00:00:00 UTC: the time of what is made when SOURCE_DATE_EPOCH does not say another."""

DISTRIBUTIONS: Mapping[str, str] = {
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


def distribution(environ: Mapping[str, str] | None = None) -> str | None:
    """Which distribution's package build this is; ``None`` when it is none."""
    environ = os.environ if environ is None else environ
    return next((name for variable, name in DISTRIBUTIONS.items() if environ.get(variable)), None)


def source_date_epoch(environ: Mapping[str, str] | None = None) -> int:
    """Return the time that reproducible artefacts carry, in seconds since 1970 UTC.

    Source: https://reproducible-builds.org/specs/source-date-epoch/

    :raises TruewheelError: when ``SOURCE_DATE_EPOCH`` is not a number.
    """
    text = (os.environ if environ is None else environ).get("SOURCE_DATE_EPOCH", "")
    if not text:
        return _EPOCH
    try:
        return int(text)
    except ValueError:
        raise TruewheelError(
            f"SOURCE_DATE_EPOCH is {text!r}, not a number of seconds",
            hint="unset it, or export SOURCE_DATE_EPOCH=$(git log -1 --pretty=%ct)",
        ) from None


def distributions() -> frozenset[str]:
    """Normalised names of what is installed for this interpreter."""
    import importlib.metadata  # slow, and asked for only when a build has failed

    from packaging.utils import canonicalize_name

    names = (d.metadata["Name"] for d in importlib.metadata.distributions())
    return frozenset(canonicalize_name(name) for name in names if name)


def has_headers() -> bool:
    """Whether this interpreter's ``Python.h`` is where it says."""
    return Path(sysconfig.get_path("include"), "Python.h").is_file()


def target(platform_tag: str | None = None) -> Target:
    """The running interpreter as a target.

    :param platform_tag: the plain platform, when the engine knows better (``ARCHFLAGS``, cross builds).
    """
    from packaging import tags  # slow to import; see the pipeline

    version = (sys.version_info.major, sys.version_info.minor)
    first = next(tags.sys_tags())
    return Target(
        implementation=sys.implementation.name,
        version=version,
        python_tag=first.interpreter,
        abi_tag=first.abi,
        suffix=sysconfig.get_config_var("EXT_SUFFIX") or "",
        platform_tag=platform_tag or sysconfig.get_platform().replace("-", "_").replace(".", "_"),
    )

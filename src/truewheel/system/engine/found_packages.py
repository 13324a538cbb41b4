"""Which package a static library belongs to that the project did not make: vcpkg, Conan, ``find_package``, pkg-config.

All is read from CMake's cache and from the files that packages bring for CMake. What they do not say is left empty, and a
library that none of them names belongs to no package here.

Sources: cmake-packages(7); CMake's ``FindPackageHandleStandardArgs`` and ``FindPkgConfig``; Conan's ``CMakeDeps``;
https://learn.microsoft.com/en-us/vcpkg/reference/software-bill-of-materials.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from ...model.bundled import Component
from ..warm import file_state

_PACKAGE_VERSION = re.compile(
    r'^\s*set\s*\(\s*PACKAGE_VERSION\s+"?([^"$\s)]+)', re.MULTILINE | re.IGNORECASE
)
_PACKAGE_FOLDER = re.compile(r'set\((\w[\w.+-]*?)_PACKAGE_FOLDER\w* "([^"]+)"\)')
"""A line of Conan's: ``set(zlib_PACKAGE_FOLDER_RELEASE "...")``."""
_DETAILS = "FIND_PACKAGE_MESSAGE_DETAILS_"
"""Cache entries of what find modules found: ``[library][include directory][v1.2.13()]``."""
_FOUND_VERSION = re.compile(r"\[v([^()\[\]]+)\(")
_PKG_CONFIG = re.compile(r"pkgcfg_lib_(.+)")


def package_of(
    library: str,
    cache: Mapping[str, str],
) -> Component | None:
    """Return the package of a static library; ``None`` when CMake does not know it.

    :param library: absolute, with links resolved.
    """
    return (
        _of_vcpkg(library, cache)
        or _of_config_package(library, cache)
        or _of_find_module(library, cache)
        or _of_pkg_config(library, cache)
    )


# --- vcpkg ------------------------------------------------------------------------------------------------------


def _of_vcpkg(
    library: str,
    cache: Mapping[str, str],
) -> Component | None:
    """Ask vcpkg's lists of files: ``installed/vcpkg/info/PORT_VERSION_TRIPLET.list``."""
    installed = cache.get("VCPKG_INSTALLED_DIR") or cache.get("_VCPKG_INSTALLED_DIR")
    if not installed:
        return None
    home = Path(os.path.realpath(installed))
    if not Path(library).is_relative_to(home):
        return None
    path = Path(library).relative_to(home)
    triplet = path.parts[0]
    lists = home / "vcpkg" / "info"
    for listed in sorted(lists.glob("*.list")):
        names = file_state.text(listed).splitlines()
        if path.as_posix() in names:
            # Names of ports have no underscores.
            port, _, rest = listed.stem.partition("_")
            version = rest.removesuffix(f"_{triplet}")
            return _port(port, version, home / triplet)
    return None


def _port(
    port: str,
    version: str,
    triplet: Path,
) -> Component:
    """Return a port of vcpkg. Its bill of materials tells the version of the port's own files as well: ``1.3.1#2``."""
    listed = triplet / "share" / port / "vcpkg.spdx.json"
    said, _, revision = _version_in(listed).partition("#")
    version = said or version
    purl = f"pkg:vcpkg/{port}@{quote(version, safe='')}"
    if revision not in ("", "0"):
        purl += f"?port_version={revision}"
    return Component(
        name=port,
        version=version,
        origin="vcpkg",
        purl=purl,
    )


def _version_in(listed: Path) -> str:
    """Return the version of the port in a bill of materials (SPDX 2); empty when it does not say."""
    try:
        document = json.loads(file_state.text(listed) or "{}")
    except ValueError:
        return ""
    for package in document.get("packages", ()):
        if package.get("SPDXID") == "SPDXRef-port":
            return str(package.get("versionInfo", ""))
    return ""


# --- packages with files for CMake ------------------------------------------------------------------------------


def _of_config_package(
    library: str,
    cache: Mapping[str, str],
) -> Component | None:
    """Ask the packages that ``find_package`` found by their own files (``NAME_DIR`` in the cache)."""
    for entry in sorted(cache):
        name = entry.removesuffix("_DIR")
        directory = Path(cache[entry])
        if name == entry or not _is_package(directory, name):
            continue
        version = _version_of_package(directory, name)
        conan = _conan_name(library, directory)
        if conan:
            purl = f"pkg:conan/{conan}@{quote(version, safe='')}" if version else ""
            return Component(
                name=conan,
                version=version,
                origin="Conan",
                purl=purl,
            )
        if _names_library(directory, library):
            origin = f"find_package({name})"
            return Component(
                name=name,
                version=version,
                origin=origin,
            )
    return None


def _is_package(
    directory: Path,
    name: str,
) -> bool:
    """Return whether a directory holds the package file of a name (``find_package``, "Config Mode Search Procedure")."""
    names = (f"{name}Config.cmake", f"{name.lower()}-config.cmake")
    return any((directory / one).is_file() for one in names)


def _version_of_package(
    directory: Path,
    name: str,
) -> str:
    """Return the version that a package says it has; empty when it does not say."""
    names = (f"{name}ConfigVersion.cmake", f"{name.lower()}-config-version.cmake")
    for one in names:
        text = file_state.text(directory / one)
        match = _PACKAGE_VERSION.search(text)
        if match is not None:
            return match[1]
    return ""


def _conan_name(
    library: str,
    directory: Path,
) -> str:
    """Return the name of the Conan package that a library lies in; empty when these files are not of Conan's making."""
    for data in sorted(directory.glob("*-data.cmake")):
        folders = _PACKAGE_FOLDER.findall(file_state.text(data))
        for name, folder in folders:
            real = os.path.realpath(folder)
            if Path(library).is_relative_to(real):
                return str(name)
    return ""


def _names_library(
    directory: Path,
    library: str,
) -> bool:
    """Return whether the files of a package name a library, which they do relative to where they are installed."""
    names = list(_names_below(directory, library))
    for path in sorted(directory.glob("*.cmake")):
        text = file_state.text(path)
        if any(name in text for name in names):
            return True
    return False


def _names_below(
    directory: Path,
    library: str,
) -> Iterator[str]:
    """Yield how a library may be written there: ``"…/lib/libfoo.a"``, from each directory that holds both."""
    yield f'"{library}"'
    home = Path(os.path.realpath(directory))
    for above in home.parents:
        if Path(library).is_relative_to(above) and above != above.parent:
            relative = Path(library).relative_to(above).as_posix()
            yield f'}}/{relative}"'


# --- find modules and pkg-config --------------------------------------------------------------------------------


def _of_find_module(
    library: str,
    cache: Mapping[str, str],
) -> Component | None:
    """Ask what find modules wrote down when they found their package."""
    for entry in sorted(cache):
        name = entry.removeprefix(_DETAILS)
        if name == entry:
            continue
        details = cache[entry]
        parts = re.split(r"[\[\];]", details)
        parts += _cached_libraries(name, cache)
        if not any(_is_same(part, library) for part in parts):
            continue
        match = _FOUND_VERSION.search(details)
        version = match[1] if match else cache.get(f"{name}_VERSION", "")
        origin = f"find_package({name})"
        return Component(
            name=name,
            version=version,
            origin=origin,
        )
    return None


def _cached_libraries(
    name: str,
    cache: Mapping[str, str],
) -> list[str]:
    """Return the libraries that a find module keeps under names of its own: ``ZLIB_LIBRARY_RELEASE``."""
    beginning = f"{name}_LIBRARY".casefold()
    found: list[str] = []
    for key, value in cache.items():
        folded = key.casefold()
        if folded.startswith(beginning):
            found.append(value)
    return found


def _of_pkg_config(
    library: str,
    cache: Mapping[str, str],
) -> Component | None:
    """Ask what ``pkg_check_modules(PREFIX …)`` wrote down: ``pkgcfg_lib_PREFIX_foo``, ``PREFIX_VERSION``."""
    for entry in sorted(cache):
        match = _PKG_CONFIG.fullmatch(entry)
        if match is None or not _is_same(cache[entry], library):
            continue
        prefix = _longest_prefix(match[1], cache)
        if prefix:
            return Component(
                name=cache[f"{prefix}_MODULE_NAME"],
                version=cache.get(f"{prefix}_VERSION", ""),
                origin=f"pkg_check_modules({prefix})",
            )
    return None


def _longest_prefix(
    name: str,
    cache: Mapping[str, str],
) -> str:
    """Return the ``PREFIX`` of ``PREFIX_foo``, either of which may have underscores."""
    parts = name.split("_")
    for length in range(len(parts) - 1, 0, -1):
        prefix = "_".join(parts[:length])
        if f"{prefix}_MODULE_NAME" in cache:
            return prefix
    return ""


def _is_same(
    path: str,
    library: str,
) -> bool:
    """Return whether a path leads to a library; what is no path leads nowhere."""
    if not Path(path).is_absolute():
        return False
    return os.path.realpath(path) == library

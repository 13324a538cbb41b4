"""What FetchContent brought into a build: its name, its version and where it came from, as CMake wrote it down.

FetchContent keeps a cache entry for each name, and files about the download, which CMake calls an internal detail: what they do
not say, or no longer say, is left empty. They lie in a build of their own below ``_deps``, or with policy CMP0168 in the build
tree's ``CMakeFiles``. Source: ``Modules/FetchContent.cmake`` and ``Modules/ExternalProject.cmake`` of CMake.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from ...model.bundled import Component
from ...model.record import Record
from ..warm import file_state

_ENTRY = re.compile(r"FETCHCONTENT_SOURCE_DIR_(.+)")
_CHECKOUT = re.compile(r'\bcheckout "([^"]+)" --')
_PROJECT = (
    r"\bproject\s*\(\s*{name}\b[^()]*?\bVERSION\s+\"?(\d+(?:\.\d+){{0,3}})[\s\")]"
)
_COMMENT = re.compile(r"#.*")
_VERSION = re.compile(r"[vV]?(\d+(?:\.\d+)+)")
"""Tags of releases; others are names of branches, or hashes of commits."""
_GITHUB = re.compile(
    r"(?:https://|ssh://git@|git@)github\.com[/:]([^/]+)/([^/]+?)(?:\.git)?/?"
)
_REMOTE = frozenset({"https", "http", "ssh", "git"})
_SCP = re.compile(r"\w+@[\w.-]+:")
"""How Git writes places that are reached by SSH: ``git@example.org:project.git``."""


class Fetched(Record):
    """Content that was fetched.

    :param source: its directory, with links resolved.
    """

    source: str
    component: Component


def fetched_content(
    cache: Mapping[str, str],
    build_dir: str,
    projects: Mapping[str, str],
) -> tuple[Fetched, ...]:
    """Return what the project fetched, in order of name.

    :param projects: names of projects by the directories that they begin in.
    """
    base = cache.get("FETCHCONTENT_BASE_DIR", "")
    found: list[Fetched] = []
    for entry in sorted(cache):
        match = _ENTRY.fullmatch(entry)
        if match is None or not base:
            continue
        key = match[1].lower()
        # The user may have put a directory of theirs in the place of a download.
        theirs = cache[entry]
        downloaded: Mapping[str, str] = {}
        if not theirs:
            downloaded = _download(key, base, build_dir)
        place = theirs or Path(base, f"{key}-src")
        source = os.path.realpath(place)
        name = projects.get(source, key)
        component = _component(name, source, downloaded, cache)
        content = Fetched(
            source=source,
            component=component,
        )
        found.append(content)
    return tuple(found)


def project_version(
    directory: str,
    name: str,
) -> str:
    """Return the version that the ``CMakeLists.txt`` of a directory gives a project; empty unless it is written out there."""
    listed = file_state.text(Path(directory) / "CMakeLists.txt")
    without_comments = _COMMENT.sub("", listed)
    pattern = _PROJECT.format(name=re.escape(name))
    versions = re.findall(pattern, without_comments, re.IGNORECASE)
    # Two of them stand in branches, and which was taken is not known.
    if len(set(versions)) != 1:
        return ""
    return str(versions[0])


def _component(
    name: str,
    source: str,
    downloaded: Mapping[str, str],
    cache: Mapping[str, str],
) -> Component:
    """Return the component of fetched content, as far as it is known."""
    repository = downloaded.get("repository", "")
    tag = downloaded.get("tag", "")
    release = _VERSION.fullmatch(tag)
    version = (
        project_version(source, name)
        # CPM.cmake, which is built upon FetchContent, has the version from its user.
        or cache.get(f"CPM_PACKAGE_{name}_VERSION", "")
        or (release[1] if release else "")
    )
    # A directory of this machine says nothing to others, and differs from build to build.
    place = repository or downloaded.get("url", "")
    origin = f"FetchContent: {place}" if _is_remote(place) else "FetchContent"
    if tag:
        origin += f" at {tag}"
    return Component(
        name=name,
        version=version,
        origin=origin,
        purl=_purl(name, version, downloaded),
    )


def _purl(
    name: str,
    version: str,
    downloaded: Mapping[str, str],
) -> str:
    """Return the package URL of what was downloaded; empty for files of this machine, which nobody else can name."""
    repository = downloaded.get("repository", "")
    tag = downloaded.get("tag", "")
    on_github = _GITHUB.fullmatch(repository)
    if on_github is not None and tag:
        path = f"{on_github[1]}/{on_github[2]}".lower()
        return f"pkg:github/{path}@{quote(tag, safe='')}"
    qualifiers = ""
    if _is_remote(repository):
        place = f"git+{repository}@{tag}" if tag else f"git+{repository}"
        qualifiers = f"vcs_url={quote(place, safe=':/')}"
    elif _is_remote(downloaded.get("url", "")):
        qualifiers = _of_archive(downloaded)
    if not qualifiers:
        return ""
    full_name = quote(name, safe="")
    if version:
        full_name += f"@{quote(version, safe='')}"
    return f"pkg:generic/{full_name}?{qualifiers}"


def _of_archive(downloaded: Mapping[str, str]) -> str:
    """Return where an archive was downloaded, and its digest; qualifiers stand in order of their names."""
    place = quote(downloaded["url"], safe=":/")
    digest = downloaded.get("hash", "")
    if digest:
        return f"checksum={digest}&download_url={place}"
    return f"download_url={place}"


def _is_remote(url: str) -> bool:
    """Return whether an address means something on other machines."""
    parts = urlsplit(url)
    is_scp = _SCP.match(url) is not None
    return is_scp or parts.scheme in _REMOTE


def _without_password(url: str) -> str:
    """Return an address without who may read it: tokens stand in those of private repositories."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http"):
        return url
    _, _, host = parts.netloc.rpartition("@")
    public = parts._replace(netloc=host)
    return public.geturl()


def _download(
    key: str,
    base: str,
    build_dir: str,
) -> dict[str, str]:
    """Return what is written about a download: ``repository`` and ``tag``, or ``url`` and ``hash``."""
    subbuild = Path(base) / f"{key}-subbuild" / f"{key}-populate-prefix"
    direct = Path(build_dir) / "CMakeFiles"
    places = (
        (
            subbuild / "src" / f"{key}-populate-stamp" / f"{key}-populate",
            subbuild / "tmp" / f"{key}-populate",
        ),
        (direct / "fc-stamp" / key / key, direct / "fc-tmp" / key / key),
    )
    for stamp, script in places:
        found = _read_download(f"{stamp}-gitinfo.txt", f"{stamp}-urlinfo.txt")
        if found:
            clone = file_state.text(Path(f"{script}-gitclone.cmake"))
            checkout = _CHECKOUT.search(clone)
            if checkout is not None:
                found["tag"] = checkout[1]
            return found
    # CMake may keep them elsewhere one day.
    return {}


def _read_download(*paths: str) -> dict[str, str]:
    """Read the first file that is there: lines of ``key=value``."""
    found: dict[str, str] = {}
    for line in _first_text(paths).splitlines():
        key, _, value = line.partition("=")
        if key == "repository":
            found["repository"] = _without_password(value)
        elif key == "url(s)":
            # Of several mirrors the first is the one that the project names first.
            first, _, _ = value.partition(";")
            found["url"] = _without_password(first)
        elif key == "hash" and value:
            algorithm, _, digest = value.partition("=")
            found["hash"] = f"{algorithm.lower()}:{digest.lower()}"
    return found


def _first_text(paths: Iterable[str]) -> str:
    texts = (file_state.text(path) for path in paths)
    return next(filter(None, texts), "")

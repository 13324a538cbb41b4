"""CMake's file API (cmake-file-api(7)): asks what CMake knows of the build, and reads the answer when somebody needs it.

The query is a file in the build tree. It is always the same and is written once, so that CMake has no reason to do more in a
build that changes nothing; CMake itself leaves an answer as it is that did not change. The answer is not read unless it is
asked for (``Staged.link_facts``), because most builds do not need it.

Codemodel 2 and cache 2 are there from CMake 3.14 on, toolchains 1 from 3.20 on. An older CMake says which it does not know.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...model.record import Record

Json = dict[str, Any]
"""An object of CMake's."""

_API = Path(".cmake") / "api" / "v1"
_CLIENT = "client-truewheel"
_QUERY = {
    "requests": [
        {"kind": "codemodel", "version": 2},
        {"kind": "cache", "version": 2},
        {"kind": "toolchains", "version": 1},
    ]
}


class LinkedTarget(Record):
    """A target of the project. All paths are absolute.

    :param kind: ``MODULE_LIBRARY``, ``SHARED_LIBRARY``, ``STATIC_LIBRARY``, ``EXECUTABLE`` and others.
    :param project: the name that the nearest ``project()`` gave.
    :param project_source: the directory of that call.
    :param is_of_top_project: whether that was the project that CMake was started in.
    :param source_dir: the directory of its ``CMakeLists.txt``.
    :param build_dir: where commands run that are relative to its directory.
    :param artifacts: what is built.
    :param sources: what it is compiled from.
    :param language: whose compiler links it.
    :param fragments: parts of its link command, as they are written there; empty when nothing is linked.
    :param is_installed: whether ``install(TARGETS)`` names it.
    :param folders: where that puts it: absolute, or from the prefix.
    """

    name: str
    kind: str
    project: str
    project_source: str
    is_of_top_project: bool
    source_dir: str
    build_dir: str
    artifacts: tuple[str, ...]
    sources: tuple[str, ...]
    language: str
    fragments: tuple[str, ...]
    is_installed: bool
    folders: tuple[str, ...]


class CMakeAnswer(Record):
    """What CMake said of a build tree.

    :param targets: in order of name.
    :param cache: the values of the cache by their names.
    :param link_directories: where the compilers look for libraries without being told.
    :param implicit_libraries: what the compiler of a language links without being told, as names for ``-l``.
    """

    build_dir: str
    generator: str
    targets: tuple[LinkedTarget, ...]
    cache: Mapping[str, str]
    link_directories: tuple[str, ...]
    implicit_libraries: Mapping[str, tuple[str, ...]]


def write_query(build_dir: Path) -> None:
    """Ask CMake, which answers when it configures next. A question that is there is left alone, with its time stamp."""
    path = build_dir / _API / "query" / _CLIENT / "query.json"
    text = json.dumps(_QUERY, indent=1)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(
        parents=True,
        exist_ok=True,
    )
    path.write_text(text, encoding="utf-8")


def read_answer(
    build_dir: Path,
    build_types: Collection[str] = (),
) -> CMakeAnswer | None:
    """Return what CMake answered last; ``None`` when there is no answer.

    :param build_types: which configurations count, of a generator with several; without a match, all of them.
    """
    replies = build_dir / _API / "reply"
    # The newest has the largest name; others may lie there for a moment (cmake-file-api(7), "v1 Reply Index File").
    indexes = sorted(replies.glob("index-*.json"))
    if not indexes:
        return None
    index = _read(indexes[-1])
    found = _answered_objects(index, replies)
    if "codemodel" not in found:
        return None
    codemodel, toolchains = found["codemodel"], found.get("toolchains", {})
    paths = codemodel["paths"]
    targets: list[LinkedTarget] = []
    for configuration in _configurations(codemodel, build_types):
        targets += _targets(configuration, paths, replies)
    targets.sort(key=lambda target: (target.name, target.artifacts))
    generator = index["cmake"]["generator"]
    return CMakeAnswer(
        build_dir=paths["build"],
        generator=generator["name"],
        targets=tuple(targets),
        cache=_cache(found.get("cache", {})),
        link_directories=_link_directories(toolchains),
        implicit_libraries=_implicit_libraries(toolchains),
    )


def _read(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def _answered_objects(
    index: Json,
    replies: Path,
) -> dict[str, Json]:
    """Return what CMake answered to our query, by kind. What it does not know is an error in the place of a file."""
    reply = index.get("reply", {})
    client = reply.get(_CLIENT, {})
    query = client.get("query.json", {})
    found: dict[str, Json] = {}
    for response in query.get("responses", ()):
        name = response.get("jsonFile")
        if name is not None:
            kind = response["kind"]
            found[kind] = _read(replies / name)
    return found


def _configurations(
    codemodel: Json,
    build_types: Collection[str],
) -> list[Json]:
    """Return the configurations that were built: one, unless the generator has several in one tree."""
    every: list[Json] = codemodel["configurations"]
    wanted = {name.casefold() for name in build_types}
    fitting: list[Json] = []
    for configuration in every:
        name = configuration["name"]
        if name.casefold() in wanted:
            fitting.append(configuration)
    return fitting or every


def _targets(
    configuration: Json,
    paths: Json,
    replies: Path,
) -> Iterator[LinkedTarget]:
    """Yield the targets of a configuration that are built; each has a file of its own."""
    source, build = paths["source"], paths["build"]
    directories = configuration["directories"]
    projects = configuration["projects"]
    for entry in configuration["targets"]:
        target = _read(replies / entry["jsonFile"])
        project = projects[entry["projectIndex"]]
        # A project begins in the first of its directories.
        first = project["directoryIndexes"][0]
        home = directories[first]
        places = target["paths"]
        link = target.get("link", {})
        yield LinkedTarget(
            name=target["name"],
            kind=target["type"],
            project=project["name"],
            project_source=_absolute(home["source"], source),
            is_of_top_project="parentIndex" not in project,
            source_dir=_absolute(places["source"], source),
            build_dir=_absolute(places["build"], build),
            artifacts=_paths(target, "artifacts", build),
            sources=_paths(target, "sources", source),
            language=link.get("language", ""),
            fragments=_fragments(link),
            is_installed="install" in target,
            folders=_folders(target),
        )


def _folders(target: Json) -> tuple[str, ...]:
    """Return where a target is installed; nowhere, if it is not."""
    install = target.get("install", {})
    found: list[str] = []
    for destination in install.get("destinations", ()):
        path = destination["path"]
        found.append(path)
    return tuple(found)


def _fragments(link: Json) -> tuple[str, ...]:
    """Return the parts of a link command in their order."""
    found: list[str] = []
    for part in link.get("commandFragments", ()):
        text = part["fragment"]
        found.append(text)
    return tuple(found)


def _paths(
    target: Json,
    key: str,
    base: str,
) -> tuple[str, ...]:
    """Return the absolute paths in a list of a target's."""
    found: list[str] = []
    for entry in target.get(key, ()):
        path = _absolute(entry["path"], base)
        found.append(path)
    return tuple(found)


def _absolute(
    path: str,
    base: str,
) -> str:
    """Return a path that CMake may write relative to the top of the source or of the build tree."""
    return os.path.normpath(Path(base, path))


def _cache(cache: Json) -> dict[str, str]:
    """Return the values of the cache by their names."""
    found: dict[str, str] = {}
    for entry in cache.get("entries", ()):
        name = entry["name"]
        found[name] = entry["value"]
    return found


def _link_directories(toolchains: Json) -> tuple[str, ...]:
    """Return where the compilers of all languages look for libraries, each directory once."""
    found: dict[str, None] = {}
    for toolchain in toolchains.get("toolchains", ()):
        compiler = toolchain["compiler"]
        implicit = compiler.get("implicit", {})
        directories = implicit.get("linkDirectories", ())
        found.update(dict.fromkeys(directories))
    return tuple(found)


def _implicit_libraries(toolchains: Json) -> dict[str, tuple[str, ...]]:
    """Return what each language's compiler links by itself, such as its runtime library."""
    found: dict[str, tuple[str, ...]] = {}
    for toolchain in toolchains.get("toolchains", ()):
        language = toolchain["language"]
        compiler = toolchain["compiler"]
        implicit = compiler.get("implicit", {})
        libraries = implicit.get("linkLibraries", ())
        found[language] = tuple(libraries)
    return found

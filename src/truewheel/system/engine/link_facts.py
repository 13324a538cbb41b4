"""What a build was linked with, from CMake's own knowledge. Read when somebody asks, which most builds do not."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ...model.bundled import Component
from ...model.link_facts import LinkFacts, TargetLinks
from .fetched_content import Fetched, fetched_content, project_version
from .file_api import CMakeAnswer, LinkedTarget, read_answer
from .found_packages import package_of
from .link_commands import linked_files
from .linked_files import Nature, dll_of, nature_of

_LINKED = frozenset({"MODULE_LIBRARY", "SHARED_LIBRARY", "EXECUTABLE"})
_STATIC = "STATIC_LIBRARY"


def read_link_facts(
    build_dir: Path,
    build_types: Collection[str] = (),
) -> LinkFacts:
    """Return what the targets of a build tree are linked with; nothing when CMake gave no answer.

    :param build_types: which configurations count, of a generator with several.
    """
    answer = read_answer(build_dir, build_types)
    if answer is None:
        return LinkFacts()
    return _Reading(answer).facts()


class _Reading:
    """All links of one answer, gathered target by target."""

    def __init__(self, answer: CMakeAnswer) -> None:
        """Begin with nothing."""
        self._answer = answer
        self._makers = _makers(answer)
        self._rows: list[TargetLinks] = []
        self._shared: set[str] = set()
        self._static: set[str] = set()
        # What is in the wheel, or may be: in order of the links.
        self._inputs: dict[str, None] = {}

    def facts(self) -> LinkFacts:
        """Return the facts of all targets."""
        for target in self._answer.targets:
            if target.kind in _LINKED:
                self._add(target)
        of_others = self._static - self._makers.keys()
        return LinkFacts(
            linked_libraries=tuple(sorted(self._shared)),
            static_libraries=tuple(sorted(of_others)),
            components=self._components(),
            targets=tuple(self._rows),
        )

    def _add(self, target: LinkedTarget) -> None:
        """Note what a target is linked with."""
        found = linked_files(target, self._answer)
        shared: dict[str, None] = {}
        for path, nature in found.items():
            if nature is Nature.STATIC:
                self._static.add(path)
            else:
                shared.update(dict.fromkeys(self._shared_at(path, nature)))
        self._shared.update(shared)
        row = TargetLinks(
            name=target.name,
            artifacts=target.artifacts,
            libraries=tuple(shared),
            folders=target.folders,
        )
        self._rows.append(row)
        # Programs that are not installed are tests.
        if target.is_installed or target.kind != "EXECUTABLE":
            self._inputs.update(dict.fromkeys(target.artifacts))
            self._inputs.update(dict.fromkeys(found))

    def _shared_at(
        self,
        path: str,
        nature: Nature,
    ) -> Iterator[str]:
        """Yield the shared library that a file stands for: itself, or the DLL of an import library."""
        if nature is Nature.SHARED:
            yield path
            return
        maker = self._makers.get(path)
        if maker is None:
            dll = dll_of(path)
            if dll is not None:
                yield dll
            return
        for artifact in maker.artifacts:
            if nature_of(artifact) is Nature.SHARED:
                yield os.path.realpath(artifact)

    def _components(self) -> tuple[Component, ...]:
        """Return what has a name among the static libraries and the sources of what is in the wheel."""
        fetched = _fetched(self._answer)
        found: dict[str, Component] = {}
        for path in self._inputs:
            for component in self._components_at(path, fetched):
                found.setdefault(component.name, component)
        return tuple([found[name] for name in sorted(found)])

    def _components_at(
        self,
        path: str,
        fetched: tuple[Fetched, ...],
    ) -> Iterator[Component]:
        """Yield what a file is made of: one that the project makes, or a static library of others."""
        maker = self._makers.get(os.path.realpath(path))
        if maker is not None:
            yield from _of_target(maker, fetched)
        elif path in self._static:
            package = package_of(path, self._answer.cache)
            if package is not None:
                yield package


def _makers(answer: CMakeAnswer) -> dict[str, LinkedTarget]:
    """Return the targets by the files that they make."""
    found: dict[str, LinkedTarget] = {}
    for target in answer.targets:
        for artifact in target.artifacts:
            path = os.path.realpath(artifact)
            found[path] = target
    return found


def _fetched(answer: CMakeAnswer) -> tuple[Fetched, ...]:
    """Return what FetchContent brought, under the names that projects there have."""
    projects: dict[str, str] = {}
    for target in answer.targets:
        home = os.path.realpath(target.project_source)
        projects[home] = target.project
    return fetched_content(answer.cache, answer.build_dir, projects)


def _of_target(
    target: LinkedTarget,
    fetched: tuple[Fetched, ...],
) -> Iterator[Component]:
    """Yield the component that a target of the build belongs to, and those that it is compiled from.

    The project itself is not a component of its wheel; a static library of a project within it is one.
    """
    home = _content_at(target.source_dir, fetched)
    is_of_subproject = target.kind == _STATIC and not target.is_of_top_project
    if home is not None:
        yield home.component
    elif is_of_subproject:
        yield Component(
            name=target.project,
            version=project_version(target.project_source, target.project),
            origin="add_subdirectory",
        )
    for source in target.sources:
        content = _content_at(source, fetched)
        if content is not None:
            yield content.component


def _content_at(
    path: str,
    fetched: Iterable[Fetched],
) -> Fetched | None:
    """Return the fetched content that a path lies in, the innermost."""
    place = Path(os.path.realpath(path))
    innermost: Fetched | None = None
    for content in fetched:
        if not place.is_relative_to(content.source):
            continue
        if innermost is None or len(content.source) > len(innermost.source):
            innermost = content
    return innermost

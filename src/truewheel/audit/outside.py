"""Libraries of the building machine: what the files of a wheel would load there, followed to the last one.

Each file of the wheel is loaded in thought, as its loader does it: its needs in order, then theirs, breadth first. A library
is known by its path. Its name alone says little: two builds of one SONAME in two directories are two libraries. But within one
process a name that was loaded once is not searched for again (ld.so(8), dyld(1)), and so it is here.

Pure: the disk is asked through :class:`~truewheel.audit.linkage.Libraries`.
"""

from __future__ import annotations

from collections import deque

from ..model.audit import (
    External,
    InWheel,
    Linkage,
    LoadableSlice,
    Missing,
    OutsideLibrary,
    Supplied,
    Tried,
)
from ..model.binary import Need
from ..model.record import Record, replace
from .linkage import Resolver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.audit import PlatformAudit
    from ..model.binary import Binary
    from ..model.tags import PlatformTag
    from ..platforms.base import Platform
    from .linkage import Libraries

_Key = tuple[str, int]
"""A path, and the number of the slice in its file."""


def look_outside(
    part: PlatformAudit,
    platform: Platform,
    libraries: Libraries,
    include: tuple[str, ...] = (),
    promise: str = "",
) -> PlatformAudit:
    """Return the part with libraries of the machine in the place of missing ones, and with what those need themselves.

    :param include: further libraries, by the names or the absolute paths by which code opens them at run time.
    :param promise: a platform tag, with or without its CPU; what its systems have too old has to be brought as well.
    """
    tag = None
    if promise:
        whole = platform.expand(promise, part.files)
        tag = platform.parse_tag(whole)
    search = _Search(part, platform, libraries, tag)
    if search.is_complete and not include:
        return part
    for code in part.files:
        search.load(code)
    # Loaded last: what is linked comes into a process before what is opened.
    included = [search.include(name) for name in include]
    linkage = [search.found_for(link) for link in part.linkage]
    return replace(
        part,
        linkage=tuple(linkage),
        outside=search.outside(),
        included=tuple(included),
    )


class _Loaded(Record):
    """A file in the process that is thought of.

    :param loaders: itself, the file that needed it, and so on up to the file that was loaded first.
    """

    loaders: tuple[LoadableSlice, ...]

    @property
    def code(self) -> LoadableSlice:
        """The file itself."""
        return self.loaders[0]


class _Search:
    """Remembers what was found for each need of each file; the first find stays."""

    def __init__(
        self,
        part: PlatformAudit,
        platform: Platform,
        libraries: Libraries,
        tag: PlatformTag | None,
    ) -> None:
        """Begin with what the files of the wheel need.

        :param tag: the promise, if there is one.
        """
        self.platform = platform
        self.libraries = libraries
        self.tag = tag
        self.kind = platform.kind_with_libraries(part, libraries.around, tag)
        self.resolver = Resolver(platform, part, self.kind)
        self.in_wheel = {(code.path, code.cpu): code for code in part.files}
        self.links: dict[_Key, list[Linkage]] = {}
        self.found: dict[tuple[_Key, str], External | Missing] = {}
        self.others: dict[_Key, LoadableSlice] = {}
        for link in part.linkage:
            code = self.in_wheel[link.file, link.cpu]
            key = _key_of(code)
            links = self.links.setdefault(key, [])
            to_bring = self._to_bring(code, link)
            links.append(to_bring)

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to look for."""
        for links in self.links.values():
            for link in links:
                if isinstance(link.source, Missing):
                    return False
        return True

    def _to_bring(self, code: LoadableSlice, link: Linkage) -> Linkage:
        """Return a need as missing when the promised systems have a library that is too old for it."""
        # Without a promise, the system's library is the one that is meant.
        if self.tag is None or not isinstance(link.source, Supplied):
            return link
        if self.platform.has_to_bring(code, link.need, self.tag):
            return replace(link, source=Missing())
        return link

    def load(self, root: LoadableSlice) -> None:
        """Load a file of the wheel, and all that it comes to need."""
        first = _Loaded(loaders=(root,))
        self._load_all(first)

    def include(self, name: str) -> Linkage:
        """Return the library that code opens by a name, looked for as the first file does that finds it."""
        need = Need(library=name)
        # dlopen() searches by the paths of the file that calls it; which one that is, nobody knows.
        for root in self.in_wheel.values():
            source = self._find((root,), need)
            if isinstance(source, External):
                code = self._slice_of(source, root)
                first = _Loaded(loaders=(code, root))
                self._load_all(first)
                break
        return Linkage(file=root.path, cpu=root.cpu, need=need, source=source)

    def _load_all(self, first: _Loaded) -> None:
        """Load a file and all that it comes to need, breadth first, as loaders do."""
        waiting = deque([first])
        seen = {_key_of(first.code)}
        names: dict[str, External] = {}
        while waiting:
            loaded = waiting.popleft()
            for link in self._links_of(loaded.code):
                code = self._load_one(loaded, link, names)
                if code is None:
                    continue
                key = _key_of(code)
                # Libraries may need each other.
                if key in seen:
                    continue
                seen.add(key)
                loaders = (code, *loaded.loaders)
                following = _Loaded(loaders=loaders)
                waiting.append(following)

    def _load_one(
        self, loaded: _Loaded, link: Linkage, names: dict[str, External]
    ) -> LoadableSlice | None:
        """Return the file that a need leads to; ``None`` when that has not to be looked into.

        :param names: what was loaded from outside so far, by the names that a loader knows it by.
        """
        if isinstance(link.source, InWheel):
            place = (link.source.path, link.cpu)
            return self.in_wheel.get(place)
        # What the system or somebody else has is not followed.
        if not isinstance(link.source, Missing):
            return None
        library = link.need.library
        # Python is in the process already, whatever lies on this machine.
        if self.platform.is_python(library):
            return None
        folded = self.platform.fold(library)
        source = names.get(folded) or self._find(loaded.loaders, link.need)
        self._remember(loaded.code, library, source)
        if isinstance(source, Missing):
            return None
        code = self._slice_of(source, loaded.code)
        names_of_code = self.platform.names_of_file(code)
        for name in (library, *names_of_code):
            folded = self.platform.fold(name)
            names.setdefault(folded, source)
        return code

    def _remember(
        self, code: LoadableSlice, library: str, source: External | Missing
    ) -> None:
        """Keep what was found for a need, unless a file was found for it before."""
        key = (_key_of(code), library)
        before = self.found.get(key)
        # It may be loaded for several files, and find a library by the search path of one of them alone.
        if not isinstance(before, External):
            self.found[key] = source

    def _links_of(self, code: LoadableSlice) -> list[Linkage]:
        """Return what a file needs, resolved once."""
        key = _key_of(code)
        known = self.links.get(key)
        if known is not None:
            return known
        links = []
        for need in self.platform.needs(code):
            link = self.resolver.link(code, need)
            to_bring = self._to_bring(code, link)
            links.append(to_bring)
        self.links[key] = links
        return links

    def _find(
        self, loaders: tuple[LoadableSlice, ...], need: Need
    ) -> External | Missing:
        """Return the first file that the loader would take, or what is in the places where it looks."""
        tried: list[Tried] = []
        user = loaders[0]
        ignores_case = self.platform.ignores_case
        places = self.platform.places_outside(loaders, need, self.libraries.around)
        # A place that several rules lead to is looked at once.
        for place, rule in dict(places).items():
            path = self.libraries.locate(place, ignore_case=ignores_case)
            if path is None:
                tried.append(Tried(path=place, rule=rule))
                continue
            binary = self.libraries.read_library(path)
            if binary is None:
                problem = self.libraries.problem(path)
                tried.append(Tried(path=place, rule=rule, obstacle=problem))
                # ld.so and dyld fail then, and search no further.
                break
            obstacle = self._obstacle(binary, user)
            if obstacle is None:
                self._keep(path, place, binary, user)
                return External(path=path, found_by=rule)
            tried.append(Tried(path=place, rule=rule, obstacle=obstacle))
        return Missing(tried=tuple(tried))

    def _obstacle(self, binary: Binary, user: LoadableSlice) -> str | None:
        """Return why a file cannot serve another one, as a phrase; ``None`` when it can."""
        first = ""
        for piece in binary.slices:
            obstacle = self.platform.obstacle_between(user, piece, self.kind)
            # One slice that fits is enough.
            if obstacle is None:
                return None
            first = first or obstacle
        return first or "nothing that could be loaded"

    def _keep(self, path: str, place: str, binary: Binary, user: LoadableSlice) -> None:
        """Keep the slices of a file that fit; the first place at which it was found stays."""
        for nth, piece in enumerate(binary.slices):
            obstacle = self.platform.obstacle_between(user, piece, self.kind)
            if obstacle is None:
                code = LoadableSlice(path=path, installed=place, slice=piece, nth=nth)
                key = _key_of(code)
                self.others.setdefault(key, code)

    def _slice_of(self, source: External, user: LoadableSlice) -> LoadableSlice:
        for (path, _), code in self.others.items():
            if path == source.path and code.cpu == user.cpu:
                return code
        raise LookupError(source.path)  # what was found has been kept

    def found_for(self, link: Linkage) -> Linkage:
        """Return a need of a file of the wheel with what was found for it."""
        code = self.in_wheel[link.file, link.cpu]
        key = _key_of(code)
        return self._with_find(key, link)

    def outside(self) -> tuple[OutsideLibrary, ...]:
        """Return the libraries outside of the wheel, in order of path, with what was found for their needs."""
        libraries = []
        for key in sorted(self.others):
            code = self.others[key]
            links = self._links_of(code)
            linkage = [self._with_find(key, link) for link in links]
            library = OutsideLibrary(code=code, linkage=tuple(linkage))
            libraries.append(library)
        return tuple(libraries)

    def _with_find(self, key: _Key, link: Linkage) -> Linkage:
        """Return a need of a file with what was found for it."""
        library = link.need.library
        source = self.found.get((key, library))
        return _with_source(link, source)


def _with_source(link: Linkage, source: External | Missing | None) -> Linkage:
    """Return a need with what was found; with what it had, when the system's own library is all there is."""
    if source is None:
        return link
    # The system's library, too old for the promise, is all there is.
    has_other = not isinstance(link.source, Missing)
    if has_other and isinstance(source, Missing):
        return link
    return replace(link, source=source)


def _key_of(code: LoadableSlice) -> _Key:
    return code.path, code.nth

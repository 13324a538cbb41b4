"""Where loaders of ELF systems look for a library that lies outside of the wheel, in their order.

Sources: ld.so(8), https://man7.org/linux/man-pages/man8/ld.so.8.html; glibc's ``elf/dl-load.c`` (``_dl_map_object``) and
``elf/get-dynamic-info.h``; musl's ``ldso/dynlink.c`` (``load_library``). Pure.
"""

from __future__ import annotations

import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..model.audit import LoadableSlice
    from ..model.binary import Need
    from ..model.surroundings import Surroundings

Place = tuple[str, str]
"""A path or a directory, and the rule that leads there."""


def places_for(
    loaders: Sequence[LoadableSlice],
    need: Need,
    around: Surroundings,
    *,
    reads_rpath: bool,
    is_musl: bool,
    defaults: Sequence[Place],
) -> Iterator[Place]:
    """Yield the paths that are tried for a library, each with the rule.

    :param loaders: the file that needs it, then its loaders up to a file of the wheel.
    :param reads_rpath: whether the loader reads DT_RPATH.
    :param is_musl: whether musl's rules count.
    :param defaults: the directories that are searched last.
    """
    # A name with a slash is a path, and is not searched for.
    if "/" in need.library:
        yield need.library, "a path in DT_NEEDED"
        # It may be relative to a directory that only the build was started in. auditwheel looks below the search paths then.
        yield from _below_search_paths(loaders, need, around)
    name = posixpath.basename(need.library)
    if is_musl:
        own = _directories_of_musl(loaders, around)
    else:
        own = _directories_of_glibc(loaders, around, reads_rpath=reads_rpath)
    for directory, rule in own:
        yield posixpath.join(directory, name), rule
    # Of what CMake linked, it knows the very file; an installed module has no search path that leads there any more.
    users = [loader.path for loader in loaders]
    for known, path in around.linked_for(users):
        if name in (known, posixpath.basename(path)):
            yield path, "linked by CMake"
    for directory in around.search:
        yield posixpath.join(directory, name), f"search {directory}"
    for directory, rule in defaults:
        yield posixpath.join(directory, name), rule
    # The loader does not pass RUNPATHs on, but auditwheel has done so for years, and wheels rely on it.
    for loader in loaders[1:]:
        for directory in _expanded(loader, "RUNPATH", around):
            yield posixpath.join(directory, name), f"RUNPATH {directory} of its user"


def _below_search_paths(
    loaders: Sequence[LoadableSlice],
    need: Need,
    around: Surroundings,
) -> Iterator[Place]:
    """Yield where a relative path in DT_NEEDED leads from the search paths of its file, and from those that are named."""
    if need.library.startswith("/"):
        return
    for kind in ("RPATH", "RUNPATH"):
        for directory in _expanded(loaders[0], kind, around):
            yield posixpath.join(directory, need.library), f"{kind} {directory}"
    for directory in around.search:
        yield posixpath.join(directory, need.library), f"search {directory}"


def _directories_of_glibc(
    loaders: Sequence[LoadableSlice],
    around: Surroundings,
    *,
    reads_rpath: bool,
) -> Iterator[Place]:
    """Yield RPATHs, LD_LIBRARY_PATH and the RUNPATH, as glibc and bionic search them."""
    code = loaders[0]
    # A RUNPATH, wherever it leads, switches off all RPATHs for what its file needs.
    if reads_rpath and not _has_runpath(code):
        for loader in loaders:
            if _has_runpath(loader):
                continue
            for directory in _expanded(loader, "RPATH", around):
                yield directory, f"RPATH {directory}"
    for directory in around.library_path:
        yield directory, f"LD_LIBRARY_PATH {directory}"
    for directory in _expanded(code, "RUNPATH", around):
        yield directory, f"RUNPATH {directory}"


def _directories_of_musl(
    loaders: Sequence[LoadableSlice], around: Surroundings
) -> Iterator[Place]:
    """Yield LD_LIBRARY_PATH, then the RPATHs and RUNPATHs of all loaders, which musl treats alike."""
    for directory in around.library_path:
        yield directory, f"LD_LIBRARY_PATH {directory}"
    for loader in loaders:
        # Of both, the RUNPATH is read.
        kind = "RUNPATH" if _has_runpath(loader) else "RPATH"
        for directory in _expanded(loader, kind, around):
            yield directory, f"{kind} {directory}"


def _has_runpath(code: LoadableSlice) -> bool:
    return any(path.kind == "RUNPATH" for path in code.slice.search_paths)


def _expanded(
    code: LoadableSlice,
    kind: str,
    around: Surroundings,
) -> Iterator[str]:
    """Yield the absolute directories that the search paths of a file mean ("Rpath token expansion" in ld.so(8))."""
    for search in code.slice.search_paths:
        if search.kind != kind:
            continue
        for text in _with_tokens(search.path, code, around):
            # What is relative to a file of the wheel leads into the wheel, where the library was looked for before.
            if text.startswith("/"):
                yield posixpath.normpath(text)


def _with_tokens(
    path: str,
    code: LoadableSlice,
    around: Surroundings,
) -> Iterator[str]:
    """Yield a search path with its tokens replaced; ``$LIB`` may stand for several names."""
    text = path
    for name, value in (
        ("ORIGIN", code.directory),
        ("PLATFORM", code.cpu),
    ):
        text = text.replace("${" + name + "}", value).replace(f"${name}", value)
    if "$LIB" not in text and "${LIB}" not in text:
        yield text
        return
    for name in around.lib_names:
        yield text.replace("${LIB}", name).replace("$LIB", name)

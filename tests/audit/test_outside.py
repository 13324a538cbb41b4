"""Libraries of the building machine: found as the loader of the target would, and followed to the last one."""

from __future__ import annotations

import pytest

from support.facts import binary_file, contents
from support.shelves import Shelf
from support.slices import linux, mac, windows
from truewheel.audit.linkage import audit_of
from truewheel.model.audit import External, Missing, PlatformAudit
from truewheel.model.binary import Need, SearchPath, Slice
from truewheel.model.contents import Contents
from truewheel.model.record import replace
from truewheel.model.surroundings import Surroundings


def look(inside: Contents, shelf: Shelf, **more: object) -> PlatformAudit:
    (part,) = audit_of(inside, libraries=shelf, **more).platforms  # type: ignore[arg-type]
    return part


def sources(part: PlatformAudit) -> dict[tuple[str, str], str | None]:
    """Return where each need leads to, by the file that has it and its name; ``None`` where nothing was found."""
    links = [*part.linkage, *part.included]
    for found in part.outside:
        links += found.linkage
    return {
        (link.file, link.need.library): link.source.path
        if isinstance(link.source, External)
        else None
        for link in links
        if isinstance(link.source, (External, Missing))
    }


def rpath(piece: Slice, path: str, kind: str = "RPATH") -> Slice:
    found = SearchPath(path=path, kind=kind)  # type: ignore[arg-type]
    return replace(piece, search_paths=(*piece.search_paths, found))


def test_libraries_are_followed_to_the_last_one() -> None:
    part = look(
        contents(p__m=linux("liba.so.1", runpath="/opt/a")),
        Shelf(
            {
                "/opt/a/liba.so.1": "/opt/a/liba.so.1.2",
                "/opt/a/liba.so.1.2": linux(
                    "libb.so.1", "libc.so.6", runpath="$ORIGIN/../b"
                ),
                "/opt/b/libb.so.1": linux("libc.so.6"),
            }
        ),
    )
    assert sources(part) == {
        ("p/m.so", "liba.so.1"): "/opt/a/liba.so.1.2",
        ("/opt/a/liba.so.1.2", "libb.so.1"): "/opt/b/libb.so.1",
    }
    assert [found.code.path for found in part.outside] == [
        "/opt/a/liba.so.1.2",
        "/opt/b/libb.so.1",
    ]


def test_two_builds_of_one_name_are_two_libraries() -> None:
    part = look(
        contents(
            p__m=linux("libx.so.1", runpath="/opt/a"),
            p__n=linux("libx.so.1", runpath="/opt/b"),
        ),
        Shelf({"/opt/a/libx.so.1": linux(), "/opt/b/libx.so.1": linux()}),
    )
    assert sources(part) == {
        ("p/m.so", "libx.so.1"): "/opt/a/libx.so.1",
        ("p/n.so", "libx.so.1"): "/opt/b/libx.so.1",
    }


@pytest.mark.parametrize(
    ("module", "library", "is_found"),
    [
        # ld.so(8): RPATHs of loaders count while the file itself has no RUNPATH, and RUNPATHs never do.
        (rpath(linux("liba.so"), "/opt/own"), linux("libb.so"), True),
        (
            rpath(linux("liba.so"), "/opt/own"),
            linux("libb.so", runpath="/nowhere"),
            False,
        ),
        (
            rpath(linux("liba.so"), "/opt/own"),
            rpath(linux("libb.so"), "/nowhere"),
            True,
        ),
        (
            rpath(linux("liba.so", runpath="/opt/own"), "/opt/own"),
            linux("libb.so", runpath="/nowhere"),
            False,
        ),
    ],
)
def test_whose_rpath_serves_whom(
    module: Slice, library: Slice, *, is_found: bool
) -> None:
    shelf = Shelf({"/opt/own/liba.so": library, "/opt/own/libb.so": linux()})
    found = sources(look(contents(p__m=module), shelf))
    rules = {"/opt/own/libb.so"} if is_found else {None, "/opt/own/libb.so"}
    assert found["/opt/own/liba.so", "libb.so"] in rules
    part = look(contents(p__m=module), shelf)
    (needed,) = [row for row in part.outside if row.code.path.endswith("liba.so")]
    source = needed.linkage[0].source
    if is_found:
        assert source == External(path="/opt/own/libb.so", found_by="RPATH /opt/own")
    # The loader refuses; a RUNPATH of the user is followed all the same, as auditwheel does.
    elif isinstance(source, External):
        assert source.found_by == "RUNPATH /opt/own of its user"
    else:
        assert isinstance(source, Missing)


def test_a_library_that_is_loaded_already_serves_those_that_come_later() -> None:
    part = look(
        contents(p__m=linux("liba.so", "libc1.so", runpath="/opt")),
        Shelf({"/opt/liba.so": linux("libc1.so"), "/opt/libc1.so": linux()}),
    )
    assert sources(part)["/opt/liba.so", "libc1.so"] == "/opt/libc1.so"


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (linux("libx.so", runpath="/opt/run"), "/env/libx.so"),
        (rpath(linux("libx.so"), "/opt/r"), "/opt/r/libx.so"),
        (linux("libx.so"), "/env/libx.so"),
    ],
)
def test_the_variable_comes_before_a_runpath_and_after_an_rpath(
    module: Slice, expected: str
) -> None:
    places = ("/opt/run", "/opt/r", "/env", "/own", "/conf", "/lib64")
    shelf = Shelf(
        {f"{place}/libx.so": linux() for place in places},
        Surroundings(library_path=("/env",), search=("/own",), configured=("/conf",)),
    )
    assert sources(look(contents(p__m=module), shelf)) == {
        ("p/m.so", "libx.so"): expected
    }


def test_what_cmake_linked_comes_before_directories_that_are_only_named() -> None:
    files = {
        f"{place}/libx.so.1": linux() for place in ("/build", "/own", "/conf", "/lib64")
    }
    around = Surroundings(
        linked=(("libx.so.1", "/build/libx.so.1"),),
        search=("/own",),
        configured=("/conf",),
    )
    order = ["/build", "/own", "/conf", "/lib64"]
    for place in order:
        part = look(contents(p__m=linux("libx.so.1")), Shelf(files, around))
        assert sources(part) == {("p/m.so", "libx.so.1"): f"{place}/libx.so.1"}
        del files[f"{place}/libx.so.1"]


def test_what_cmake_linked_into_a_file_comes_before_what_it_linked_into_others() -> (
    None
):
    files = {f"/{place}/libx.so.1": linux() for place in ("one", "two")}
    files["/own/liby.so"] = linux("libx.so.1")
    one, two = (("libx.so.1", f"/{place}/libx.so.1") for place in ("one", "two"))
    own = ("liby.so", "/own/liby.so")
    around = Surroundings(
        linked=(one, own, two),
        linked_into={"p/m.so": (one, own), "p/n.so": (two, own)},
    )
    modules = contents(p__m=linux("libx.so.1"), p__n=linux("libx.so.1"))
    assert sources(look(modules, Shelf(files, around))) == {
        ("p/m.so", "libx.so.1"): "/one/libx.so.1",
        ("p/n.so", "libx.so.1"): "/two/libx.so.1",
    }
    # What it links itself does not count for a library of others: the file that needs that library has the word.
    part = look(contents(p__n=linux("liby.so")), Shelf(files, around))
    assert sources(part)["/own/liby.so", "libx.so.1"] == "/two/libx.so.1"


def test_lib_and_platform_are_replaced() -> None:
    around = Surroundings(lib_names=("lib/x86_64-linux-gnu", "lib64"))
    for path in ("/opt/$LIB", "/opt/${LIB}"):
        shelf = Shelf({"/opt/lib64/libx.so": linux()}, around)
        part = look(contents(p__m=linux("libx.so", runpath=path)), shelf)
        assert sources(part) == {("p/m.so", "libx.so"): "/opt/lib64/libx.so"}
    shelf = Shelf({"/opt/x86_64/libx.so": linux()})
    part = look(contents(p__m=linux("libx.so", runpath="/opt/$PLATFORM")), shelf)
    assert sources(part) == {("p/m.so", "libx.so"): "/opt/x86_64/libx.so"}


def test_a_name_with_a_slash_is_a_path() -> None:
    part = look(
        contents(p__m=linux("/opt/x/libx.so")), Shelf({"/opt/x/libx.so": linux()})
    )
    assert sources(part) == {("p/m.so", "/opt/x/libx.so"): "/opt/x/libx.so"}


def test_musl_finds_by_its_own_rules_and_takes_no_library_of_glibc() -> None:
    musl = "libc.musl-x86_64.so.1"
    around = Surroundings(musl=("/lib", "/usr/local/lib"), configured=("/conf",))
    shelf = Shelf(
        {
            "/conf/libx.so": linux(),
            "/lib/libx.so": linux("libc.so.6"),
            "/usr/local/lib/libx.so": linux("libb.so", musl),
            # Also RUNPATHs are passed on there.
            "/opt/libb.so": linux(musl),
        },
        around,
    )
    part = look(contents(p__m=linux("libx.so", musl, runpath="/opt")), shelf)
    assert sources(part) == {
        ("p/m.so", "libx.so"): "/usr/local/lib/libx.so",
        ("/usr/local/lib/libx.so", "libb.so"): "/opt/libb.so",
    }


def test_what_code_opens_is_followed_like_what_it_needs() -> None:
    shelf = Shelf({"/opt/libx.so": linux("liby.so"), "/opt/liby.so": linux()})
    part = look(
        contents(p__m=linux("libc.so.6", runpath="/opt")),
        shelf,
        include=("libx.so", "libgone.so"),
    )
    assert sources(part) == {
        ("p/m.so", "libx.so"): "/opt/libx.so",
        ("p/m.so", "libgone.so"): None,
        ("/opt/libx.so", "liby.so"): "/opt/liby.so",
    }


def test_rpaths_of_the_whole_chain_of_loaders_serve_dyld() -> None:
    part = look(
        contents(p__m=mac("@rpath/liba.dylib", rpath="/opt/lib")),
        Shelf(
            {
                "/opt/lib/liba.dylib": mac(
                    "@rpath/libb.dylib", "@loader_path/../c/libc1.dylib"
                ),
                "/opt/lib/libb.dylib": mac(),
                "/opt/c/libc1.dylib": mac(),
            }
        ),
    )
    assert sources(part) == {
        ("p/m.so", "@rpath/liba.dylib"): "/opt/lib/liba.dylib",
        ("/opt/lib/liba.dylib", "@rpath/libb.dylib"): "/opt/lib/libb.dylib",
        ("/opt/lib/liba.dylib", "@loader_path/../c/libc1.dylib"): "/opt/c/libc1.dylib",
    }


def test_an_install_name_of_another_machine_is_looked_for_by_its_last_part() -> None:
    part = look(
        contents(p__m=mac("/opt/homebrew/lib/libx.1.dylib")),
        Shelf({"/own/libx.1.dylib": mac()}, Surroundings(search=("/own",))),
    )
    assert sources(part) == {
        ("p/m.so", "/opt/homebrew/lib/libx.1.dylib"): "/own/libx.1.dylib"
    }


def test_every_slice_finds_a_library_for_its_cpu() -> None:
    intel = replace(mac("@rpath/libx.dylib", rpath="/opt"), cpu="x86_64")
    both = contents(m=(intel, mac("@rpath/libx.dylib", rpath="/opt")))
    fat = Shelf({"/opt/libx.dylib": (replace(mac(), cpu="x86_64"), mac())})
    assert [type(link.source) for link in look(both, fat).linkage] == [External] * 2
    thin = look(both, Shelf({"/opt/libx.dylib": mac()}))
    assert [type(link.source) for link in thin.linkage] == [Missing, External]


def test_dlls_are_found_whatever_their_case_beside_those_that_need_them() -> None:
    part = look(
        contents(**{"p/m.pyd": windows("Foo.dll")}),
        Shelf(
            {
                "/own/foo.DLL": windows("BAR.dll"),
                "/own/bar.dll": windows("KERNEL32.dll"),
            },
            Surroundings(search=("/own",)),
        ),
    )
    assert sources(part) == {
        ("p/m.pyd", "Foo.dll"): "/own/foo.DLL",
        ("/own/foo.DLL", "BAR.dll"): "/own/bar.dll",
    }


def zlib(version: str) -> Slice:
    return replace(linux(), needs=(Need(library="libz.so.1", versions=(version,)),))


@pytest.mark.parametrize(
    ("promise", "version", "is_brought"),
    [
        ("manylinux_2_28", "ZLIB_1.2.12", True),
        ("manylinux_2_28_x86_64", "ZLIB_1.2.12", True),
        ("manylinux_2_37", "ZLIB_1.2.12", False),
        ("manylinux_2_28", "ZLIB_1.2.2", False),
        ("", "ZLIB_1.2.12", False),
    ],
)
def test_a_library_that_a_promised_level_has_too_old_is_brought(
    promise: str, version: str, *, is_brought: bool
) -> None:
    shelf = Shelf({"/lib64/libz.so.1": linux()})
    part = look(contents(p__m=zlib(version)), shelf, promise=promise)
    assert isinstance(part.linkage[0].source, External) is is_brought


def test_glibc_is_never_brought_and_a_library_that_is_not_found_stays_the_systems() -> (
    None
):
    libc = replace(
        linux(), needs=(Need(library="libc.so.6", versions=("GLIBC_2.34",)),)
    )
    shelf = Shelf({"/lib64/libc.so.6": linux()})
    promise = "manylinux_2_17"
    for module, machine in ((libc, shelf), (zlib("ZLIB_1.2.12"), Shelf({}))):
        part = look(contents(p__m=module), machine, promise=promise)
        assert part.linkage[0].source != Missing()
        assert not isinstance(part.linkage[0].source, External)


MUSL_MODULE = "_m.cpython-312-x86_64-linux-musl.so"


@pytest.mark.parametrize(
    ("path", "needed", "around", "promise", "is_found"),
    [
        # No file names a libc: glibc's promise, if this machine does not have musl.
        ("p/m.so", (), Surroundings(), "", False),
        ("p/m.so", (), Surroundings(libc="glibc"), "", False),
        ("p/m.so", (), Surroundings(libc="musl"), "", True),
        ("p/m.so", (), Surroundings(libc="glibc"), "musllinux_1_2", True),
        # The name of the module counts, and what it is linked with counts more.
        (f"p/{MUSL_MODULE}", (), Surroundings(libc="glibc"), "", True),
        (f"p/{MUSL_MODULE}", ("libc.so.6",), Surroundings(), "", False),
        ("p/m.so", ("libc.so.6",), Surroundings(libc="musl"), "", False),
    ],
)
def test_a_library_has_to_have_the_libc_of_the_wheel(
    path: str,
    needed: tuple[str, ...],
    around: Surroundings,
    promise: str,
    *,
    is_found: bool,
) -> None:
    files = {
        "/own/libx.so": linux("libc.so"),
        "/own/libc.so": linux(name="libc.so"),
    }
    shelf = Shelf(files, replace(around, search=("/own",)))
    module = binary_file(path, linux("libx.so", *needed))
    part = look(contents(module), shelf, promise=promise)
    source = part.linkage[0].source
    if is_found:
        # Its own libc comes with the system.
        assert sources(part) == {(path, "libx.so"): "/own/libx.so"}
    else:
        assert isinstance(source, Missing)
        obstacles = {row.obstacle for row in source.tried}
        assert "linked with musl, not with glibc" in obstacles

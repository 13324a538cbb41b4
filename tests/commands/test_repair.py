"""``truewheel repair`` on real wheels: what goes in, under which names, and that it loads where the build is gone."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from support.real_wheels import (
    Workshop,
    dynamic,
    gives,
    libraries,
    members,
    runpath,
    soname,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def kilobytes(path: Path) -> str:
    return f"{path.stat().st_size / 1000:.1f} kB"


def one_library(shop: Workshop, name: str = "libx.so.1", value: int = 42) -> Path:
    """Return a wheel with one module that needs one library of the build."""
    library = shop.library(name, gives("of_x", value))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    return shop.wheel({"p/m.abi3.so": module})


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_module_loads_its_library_from_the_wheel_when_the_build_is_gone(
    shop: Workshop,
) -> None:
    wheel = one_library(shop)
    digest = sha((shop.build / "libx.so.1").read_bytes())
    made = shop.repair(wheel)
    assert "manylinux_" in made.name
    assert libraries(made) == [f"libx-{digest[:8]}.so.1"]
    assert shop.value(made) == ["42"]
    module = dynamic(members(made)["p/m.abi3.so"], shop.place)
    assert module["RPATH"] == ["$ORIGIN/../p.libs"]
    assert "RUNPATH" not in module
    library = dynamic(members(made)[f"p.libs/libx-{digest[:8]}.so.1"], shop.place)
    assert library == {"SONAME": [f"libx-{digest[:8]}.so.1"]}


def test_the_report_says_what_went_in_and_what_it_asks_for(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "#include <dlfcn.h>\nvoid *of_y(void) { return dlopen(0, 1); }"
    below = shop.library("liby.so.1", text)
    text = "void *of_y(void); int of_x(void) { return of_y() != 0; }"
    library = shop.library("libx.so.1", text, below, runpath(shop.build))
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    wheel = shop.wheel({"p/m.abi3.so": module})
    made = shop.repair(wheel)
    said = capsys.readouterr()
    names = libraries(made)
    lines = [
        f"{wheel.name} -> p-1-cp310-abi3-manylinux_2_34_x86_64.whl ({kilobytes(made)})",
        f"  why: manylinux_2_34_x86_64: p.libs/{names[1]} needs dlopen@GLIBC_2.34 of libc.so.6",
    ]
    for name, path in zip(names, (library, below), strict=True):
        lines.append(f"  bundled: p.libs/{name} from {path}, {kilobytes(path)}")
    lines += [
        "  edited: 1 file",
        "  raised: liby.so.1 of this machine needs glibc 2.34, and nothing else does: build it on an older system, or for one",
        "note TW602: its licence is not in the wheel (2 files)",
        f"  p.libs/{names[0]}: {library}: no package of this machine owns it",
        f"  p.libs/{names[1]}: {below}: no package of this machine owns it",
        "  hint: add the text to the project's license-files, when the licence asks for that",
        "  see: truewheel explain TW602",
    ]
    assert said.out.splitlines() == lines
    assert said.err == ""
    assert shop.value(made) == ["1"]


def test_a_copy_that_needs_no_more_than_the_module_has_raised_nothing(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "#include <dlfcn.h>\nint of_x(void);"
    text = "#include <dlfcn.h>\nint of_x(void) { return dlopen(0, 1) != 0; }"
    library = shop.library("libx.so.1", text)
    module = shop.module("m", library, runpath(shop.build), head=head, value="of_x() + (dlopen(0, 1) != 0)")  # fmt: skip
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    assert "manylinux_2_34" in made.name
    assert "raised" not in capsys.readouterr().out


def test_a_second_repair_gives_the_same_bytes(shop: Workshop) -> None:
    made = shop.repair(one_library(shop))
    shop.out = shop.place / "again"
    assert shop.repair(made).read_bytes() == made.read_bytes()
    shop.out = shop.place / "without the build"
    shop.installed(made)
    assert shop.repair(made).read_bytes() == made.read_bytes()


def test_the_wheel_that_is_repaired_stays_as_it_is(shop: Workshop) -> None:
    wheel = one_library(shop)
    before = wheel.read_bytes(), wheel.stat().st_mtime_ns
    shop.repair(wheel)
    assert (wheel.read_bytes(), wheel.stat().st_mtime_ns) == before
    assert list(wheel.parent.iterdir()) == [wheel]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("libw-1.2.so.3", "libw-1-{}.2.so.3"),
        ("libw", "libw-{}"),
        (".hidden.so", "hidden-{}.so"),
        ("libx-0123abcd.so.1", "libx-{}.so.1"),
    ],
)
def test_the_hash_stands_before_the_first_dot(
    shop: Workshop, file: str, form: str
) -> None:
    wheel = one_library(shop, file)
    digest = sha((shop.build / file).read_bytes())[:8]
    made = shop.repair(wheel)
    assert libraries(made) == [form.format(digest)]
    assert shop.value(made) == ["42"]


def test_the_name_is_that_of_the_file_behind_the_links(shop: Workshop) -> None:
    library = shop.library("libx.so.1.2.3", gives("of_x", 1), soname("libx.so.1"))
    (shop.build / "libx.so.1").symlink_to(library.name)
    digest = sha(library.read_bytes())[:8]
    module = shop.module("m", library, runpath(shop.build), use="of_x")
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    assert libraries(made) == [f"libx-{digest}.so.1.2.3"]
    assert shop.value(made) == ["1"]


def test_a_library_without_soname_is_needed_by_its_path(shop: Workshop) -> None:
    library = shop.library("sub/libx.so", gives("of_x", 3), named=False)
    module = shop.module("m", library, use="of_x")
    assert dynamic(module, shop.place)["NEEDED"][0] == str(library)
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    (name,) = libraries(made)
    assert dynamic(members(made)["p/m.abi3.so"], shop.place)["NEEDED"][0] == name
    assert shop.value(made) == ["3"]


def test_two_libraries_of_one_soname_are_two(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {}
    for nth in (1, 2):
        library = shop.library(f"{nth}/libx.so.2", gives("of_x", nth))
        module = shop.module(f"m{nth}", library, runpath(library.parent), use="of_x")
        files[f"p/m{nth}.abi3.so"] = module
    made = shop.repair(shop.wheel(files))
    said = capsys.readouterr().out
    assert "warning TW603: libx.so.2" in said
    assert "libx.so.2 is 2 different libraries, and each file gets its own" in said
    assert len(libraries(made)) == 2
    for name in libraries(made):
        found = dynamic(members(made)[f"p.libs/{name}"], shop.place)
        assert found == {"SONAME": [name]}
    assert shop.value(made, "p.m1", "p.m2") == ["1", "2"]
    assert shop.value(made, "p.m2", "p.m1") == ["2", "1"]


def test_the_same_library_at_two_places_goes_in_once(shop: Workshop) -> None:
    library = shop.library("a/libx.so.2", gives("of_x", 5))
    other = shop.build / "b" / library.name
    other.parent.mkdir()
    other.write_bytes(library.read_bytes())
    files = {
        f"p/{name}.abi3.so": shop.module(name, path, runpath(path.parent), use="of_x")
        for name, path in (("m1", library), ("m2", other))
    }
    made = shop.repair(shop.wheel(files))
    assert len(libraries(made)) == 1
    assert shop.value(made, "p.m1", "p.m2") == ["5", "5"]


def test_a_library_of_a_repaired_wheel_gets_a_new_hash_in_the_old_ones_place(
    shop: Workshop,
) -> None:
    first = shop.repair(one_library(shop))
    (old,) = libraries(first)
    site = shop.installed(first)
    shop.build = shop.place / "second"
    shop.build.mkdir()
    library = site / "p.libs" / old
    module = shop.module("m", library, runpath(library.parent), use="of_x")
    shop.out = shop.place / "out2"
    second = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    digest = sha(library.read_bytes())[:8]
    assert libraries(second) == [f"libx-{digest}.so.1"]
    assert old != f"libx-{digest}.so.1"
    assert shop.value(second) == ["42"]


def test_a_circle_of_libraries_is_bundled_and_loads(shop: Workshop) -> None:
    first = shop.library("liba.so.1", gives("of_a", 1))
    other = shop.library("libb.so.1", "int of_a(void); int of_b(void) { return 2; } int both(void) { return of_a() + of_b(); }", first)  # fmt: skip
    text = (
        "int both(void); int of_a(void) { return 1; } int all(void) { return both(); }"
    )
    first = shop.library("liba.so.1", text, other)
    module = shop.module("m", first, runpath(shop.build), use="all")
    made = shop.repair(shop.wheel({"p/m.abi3.so": module}))
    assert [name.partition("-")[0] for name in libraries(made)] == ["liba", "libb"]
    assert shop.value(made) == ["3"]


# --- opened at run time -------------------------------------------------------------------------------------------------

DLOPEN = """#include <dlfcn.h>
int of_x(void);
static int opened(void) { void *it = dlopen("libx.so.1", RTLD_NOW); return it ? 1 : 0; }"""


def opening_wheel(shop: Workshop) -> Path:
    library = shop.library("libx.so.1", gives("of_x", 40))
    module = shop.module("m", library, runpath(shop.build), head=DLOPEN, value="of_x() + opened()")  # fmt: skip
    return shop.wheel({"p/m.abi3.so": module})


def test_code_that_opens_a_library_by_its_old_name_is_told(
    shop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = opening_wheel(shop)
    made = shop.repair(wheel)
    said = capsys.readouterr().out
    assert "warning TW601: p/m.abi3.so" in said
    assert "--keep-name libx.so.1" in said
    kept = shop.repair(wheel, "--keep-name", "libx.so.*")
    assert libraries(kept) == ["libx.so.1"]
    assert "TW601" not in capsys.readouterr().out
    # It is not found under its old name, and the library's name is in the code twice otherwise.
    assert shop.value(kept) == ["41"]
    assert made.name == kept.name


def test_what_code_only_opens_goes_in_when_it_is_asked_for(shop: Workshop) -> None:
    library = shop.library("libx.so.1", gives("of_x", 40))
    head = DLOPEN.replace("int of_x(void);", "")
    module = shop.module("m", head=head, value="opened()")
    wheel = shop.wheel({"p/m.abi3.so": module})
    made = shop.repair(wheel, "--include", "libx.so.1", "--search", library.parent)
    assert libraries(made) == ["libx.so.1"]
    assert shop.value(made) == ["1"]

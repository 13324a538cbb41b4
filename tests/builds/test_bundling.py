"""Builds whose modules are linked with libraries that no wheel has by itself: the project's own, and the machine's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support import hooks, needs
from support.real_wheels import called, dynamic, gcc, members

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="gcc for Linux")

LIBRARIES = """
find_package(PNG REQUIRED)
add_library(below SHARED below.c)
set_target_properties(below PROPERTIES VERSION 2.1 SOVERSION 2)
add_library(own SHARED own.c)
target_link_libraries(own PRIVATE below)
target_link_libraries(_m PRIVATE own PNG::PNG)
"""
HEAD = "#include <png.h>\nint own(void);"
VALUE = "own() + (png_access_version_number() > 0)"
SOURCES = {
    "own.c": "int below(void);\nint own(void) { return below() + 1; }\n",
    "below.c": "int below(void) { return 40; }\n",
}
SETTINGS = "[tool.truewheel]\n"


def project(place: Path, settings: str = "", *, more: str = "", head: str = HEAD) -> Path:  # fmt: skip
    """Make a project whose module gives 42 with a library of its own, another that this needs, and libpng."""
    needs.header("png.h")
    return hooks.project(
        place,
        head=head,
        value=VALUE,
        pyproject=SETTINGS + settings,
        cmake=hooks.CMAKE + LIBRARIES + more,
        **SOURCES,
    )


def build(
    source: Path,
    out: Path,
    *,
    hook: str = "build_wheel",
    environ: Mapping[str, str] | None = None,
) -> tuple[Path, str]:
    """Build; return the wheel, and what was said."""
    done = hooks.hook(source, hook, out, environ=dict(environ or {}))
    return out / hooks.result(done), done.stdout + done.stderr


def copied(wheel: Path) -> list[str]:
    """Return the libraries in a wheel, without the hashes in their names."""
    names = []
    for name in members(wheel):
        if name.startswith("pkg.libs/"):
            base, _, rest = name.removeprefix("pkg.libs/").partition("-")
            names.append(base + rest.partition(".")[1] + rest.partition(".")[2])
    return sorted(names)


def value(wheel: Path, place: Path, *gone: Path) -> list[str]:
    """Return what the module of a wheel gives when the build is gone."""
    for path in gone:
        shutil.rmtree(path)
    site = place / "site"
    shutil.unpack_archive(wheel, site, "zip")
    return called(site, "pkg._m")


def families(names: list[str]) -> list[str]:
    return [name.partition(".")[0] for name in names]


# --- what is bundled ----------------------------------------------------------------------------------------------------


def test_what_was_built_and_what_the_machine_has_goes_into_the_wheel(
    tmp_path: Path,
) -> None:
    source = project(tmp_path)
    wheel, said = build(source, tmp_path / "out", environ={"TRUEWHEEL_CACHE": "off"})
    assert "manylinux" in wheel.name
    assert families(copied(wheel)) == ["libbelow", "libown", "libpng16"]
    files = members(wheel)
    for name, content in files.items():
        if ".so" in name:
            found = dynamic(content, tmp_path)
            for path in found.get("RPATH", []) + found.get("RUNPATH", []):
                assert path.startswith("$ORIGIN")
    (line,) = (line for line in said.splitlines() if "libpng16-" in line and "bundled" in line)  # fmt: skip
    assert "from /usr/lib/" in line
    assert ", libpng16-16" in line
    assert any(name.startswith("pkg-1.0.dist-info/licenses/bundled/libpng16-16") for name in files)  # fmt: skip
    bill = json.loads(files["pkg-1.0.dist-info/sboms/truewheel.cdx.json"])
    assert any(row.get("purl", "").startswith("pkg:deb/debian/libpng") for row in bill["components"])  # fmt: skip
    assert value(wheel, tmp_path, source) == ["42"]


def test_builds_at_two_places_give_the_same_wheel(tmp_path: Path) -> None:
    made = []
    for name in ("a", "another-place-with-a-longer-name"):
        place = tmp_path / name
        source = project(place)
        wheel, _ = build(source, place / "out", environ={"TRUEWHEEL_CACHE": "off"})
        made.append((wheel.name, wheel.read_bytes()))
    assert made[0] == made[1]


def test_a_warm_build_gives_the_same_wheel_and_an_edit_another(tmp_path: Path) -> None:
    source = project(tmp_path)
    first, _ = build(source, tmp_path / "1")
    again, _ = build(source, tmp_path / "2")
    assert again.read_bytes() == first.read_bytes()
    (source / "below.c").write_text("int below(void) { return 41; }\n")
    edited, _ = build(source, tmp_path / "3")
    assert set(members(edited)) != set(members(first))
    assert value(edited, tmp_path) == ["43"]
    (source / "below.c").write_text(SOURCES["below.c"])
    back, _ = build(source, tmp_path / "4")
    assert back.read_bytes() == first.read_bytes()


# --- settings -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was built once, so that later builds are warm."""
    place = tmp_path_factory.mktemp("bundling")
    source = project(place)
    build(source, place / "out")
    return source


def rebuilt(
    source: Path,
    out: Path,
    settings: str,
    *,
    hook: str = "build_wheel",
    environ: Mapping[str, str] | None = None,
) -> tuple[Path, str]:
    """Build with other settings."""
    (source / "pyproject.toml").write_text(hooks.PYPROJECT + SETTINGS + settings)
    return build(source, out, hook=hook, environ=environ)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('repair = "off"', []),
        ('repair = "warn"', []),
        ('tag = "native"', []),
        ('exclude = ["libpng16.so.*"]', ["libbelow", "libown"]),
        ('exclude = ["libown.so"]', ["libpng16"]),
        ('keep-names = ["libown*"]\nsbom = "off"', ["libbelow", "libown", "libpng16"]),
    ],
)
def test_settings_say_what_goes_in(
    tmp_path: Path, built: Path, settings: str, expected: list[str]
) -> None:
    wheel, said = rebuilt(built, tmp_path, settings)
    assert families(copied(wheel)) == expected
    assert ("  lacks: " in said) == ("warn" in settings)
    if "warn" in settings:
        assert "lacks: pkg.libs/libpng16-" in said
    if not expected:
        assert "linux_x86_64" in wheel.name
        assert "manylinux" not in wheel.name
    names = members(wheel)
    assert ("pkg.libs/libown.so" in names) == ("keep-names" in settings)
    has_bill = "pkg-1.0.dist-info/sboms/truewheel.cdx.json" in names
    assert has_bill == (bool(expected) and "sbom" not in settings)


def test_a_distributions_package_is_not_repaired(tmp_path: Path, built: Path) -> None:
    environ = {"DEB_BUILD_ARCH": "amd64"}
    wheel, said = rebuilt(built, tmp_path, "", environ=environ)
    assert copied(wheel) == []
    # Nobody asked for it, so the reason is told.
    assert "why: this is a package build of Debian's dpkg-buildpackage (DEB_BUILD_ARCH is set)" in said  # fmt: skip
    assert "was asked for" not in said


def test_an_editable_install_is_not_repaired(tmp_path: Path, built: Path) -> None:
    wheel, said = rebuilt(built, tmp_path, "", hook="build_editable")
    assert copied(wheel) == []
    assert "why: an editable install is for this machine alone" in said


def test_a_library_that_code_opens_is_found_where_the_project_says(
    tmp_path: Path, built: Path
) -> None:
    plugins = built / "plugins"
    plugins.mkdir()
    (tmp_path / "plug.c").write_text("int plug(void) { return 1; }\n")
    gcc("-shared", "-fPIC", "plug.c", "-o", plugins / "libplug.so", "-Wl,-soname,libplug.so", cwd=tmp_path)  # fmt: skip
    wheel, _ = rebuilt(
        built, tmp_path / "out", 'include = ["libplug.so"]\nsearch = ["plugins"]'
    )
    assert "pkg.libs/libplug.so" in members(wheel)
    shutil.rmtree(plugins)


def test_a_directory_of_the_settings_that_is_not_there_is_told(
    tmp_path: Path, built: Path
) -> None:
    text = 'search = ["nowhere", "own.c"]\n'
    (built / "pyproject.toml").write_text(hooks.PYPROJECT + SETTINGS + text)
    done = hooks.hook(built, "build_wheel", tmp_path / "out")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "tool.truewheel.search: nowhere: there is no such directory" in said
    assert "tool.truewheel.search: own.c: it is not a directory" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "out").glob("*.whl"))


def test_what_is_to_be_included_and_is_nowhere_is_told(
    tmp_path: Path, built: Path
) -> None:
    (built / "nowhere").mkdir()
    settings = 'include = ["libplug.so.7"]\nsearch = ["nowhere"]\n'
    wheel, said = rebuilt(built, tmp_path / "out", settings)
    message = "libplug.so.7 is to be included, and was not found"
    assert f"warning TW605: pkg: {message}" in said
    assert f"not in {built / 'nowhere'}" in said
    # The others are not left out for it.
    assert families(copied(wheel)) == ["libbelow", "libown", "libpng16"]
    table = f'{SETTINGS}{settings}tag = "manylinux_2_39"\n'
    (built / "pyproject.toml").write_text(hooks.PYPROJECT + table)
    done = hooks.hook(built, "build_wheel", tmp_path / "promised")
    assert done.returncode != 0
    assert message in done.stdout + done.stderr


def test_a_promise_that_a_copy_breaks_stops_the_build(
    tmp_path: Path, built: Path
) -> None:
    (built / "pyproject.toml").write_text(
        hooks.PYPROJECT + SETTINGS + 'tag = "manylinux_2_12"\n'
    )
    done = hooks.hook(built, "build_wheel", tmp_path / "out")
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "because: pkg.libs/libpng16-" in said
    # Which library of this machine it is, tells what to build anew.
    assert " is a copy of /usr/lib/" in said
    assert ", libpng16-16 1." in said
    assert not list((tmp_path / "out").glob("*.whl"))


def test_globs_that_match_nothing_are_told_but_not_those_for_other_systems(
    tmp_path: Path, built: Path
) -> None:
    settings = 'exclude = ["libnone.so.*", "none*.dll"]\nkeep-names = ["libwn.*"]\n'
    _, said = rebuilt(built, tmp_path / "out", settings)
    assert "note: exclude: libnone.so.* matches no library that a file needs" in said
    assert "note: keep-names: libwn.* matches no library that is copied" in said
    assert ".dll" not in said


def test_what_was_linked_statically_is_listed_on_request(tmp_path: Path) -> None:
    package = tmp_path / "prefix" / "lib" / "cmake" / "Tiny"
    package.mkdir(parents=True)
    (tmp_path / "tiny.c").write_text("int tiny(void) { return 0; }\n")
    gcc("-c", "-fPIC", "tiny.c", "-o", "tiny.o", cwd=tmp_path)
    archive = tmp_path / "prefix" / "lib" / "libtiny.a"
    subprocess.run(["ar", "rcsD", archive, "tiny.o"], cwd=tmp_path, check=True)
    # As install(EXPORT) writes it.
    (package / "TinyConfig.cmake").write_text(
        'get_filename_component(_IMPORT_PREFIX "${CMAKE_CURRENT_LIST_FILE}" PATH)\n'
        'get_filename_component(_IMPORT_PREFIX "${_IMPORT_PREFIX}/../../.." ABSOLUTE)\n'
        "add_library(Tiny::tiny STATIC IMPORTED)\n"
        'set_target_properties(Tiny::tiny PROPERTIES IMPORTED_LOCATION "${_IMPORT_PREFIX}/lib/libtiny.a")\n'
    )
    (package / "TinyConfigVersion.cmake").write_text(
        'set(PACKAGE_VERSION "1.2.3")\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n'
    )
    source = hooks.project(
        tmp_path,
        head="int tiny(void);",
        value="42 + tiny()",
        pyproject=SETTINGS + 'sbom = "linked"\n',
        cmake=hooks.CMAKE
        + "find_package(Tiny REQUIRED)\ntarget_link_libraries(_m PRIVATE Tiny::tiny)\n",
    )
    environ = {"CMAKE_PREFIX_PATH": str(tmp_path / "prefix")}
    wheel, _ = build(source, tmp_path / "out", environ=environ)
    bill = json.loads(members(wheel)["pkg-1.0.dist-info/sboms/truewheel.cdx.json"])
    rows = [(row["name"], row.get("version")) for row in bill["components"]]
    assert rows == [("Tiny", "1.2.3")]
    assert os.fspath(tmp_path) not in json.dumps(bill)


# --- libraries that the project installs, and those that are nowhere ----------------------------------------------------


def test_a_library_that_the_project_installs_is_found_there_and_not_copied(
    tmp_path: Path,
) -> None:
    source = hooks.project(
        tmp_path,
        head="int own(void);",
        value="own() + 1",
        cmake=hooks.CMAKE
        + "add_library(below SHARED below.c)\nadd_library(own SHARED own.c)\ntarget_link_libraries(own PRIVATE below)\n"
        "target_link_libraries(_m PRIVATE own)\ninstall(TARGETS own below LIBRARY DESTINATION pkg/lib)\n",
        **SOURCES,
    )
    environ = {"TRUEWHEEL_CACHE": "off"}
    wheel, _ = build(source, tmp_path / "out", environ=environ)
    files = members(wheel)
    assert sorted(name for name in files if "/lib" in name) == ["pkg/lib/libbelow.so", "pkg/lib/libown.so"]  # fmt: skip
    (module,) = (name for name in files if "_m." in name)
    assert dynamic(files[module], tmp_path)["RPATH"] == ["$ORIGIN/lib"]
    assert dynamic(files["pkg/lib/libown.so"], tmp_path)["RPATH"] == ["$ORIGIN"]
    assert "manylinux" in wheel.name
    assert value(wheel, tmp_path, source) == ["42"]


def test_a_library_that_is_nowhere_leaves_the_plain_tag_and_a_finding(
    tmp_path: Path,
) -> None:
    source = hooks.project(
        tmp_path,
        head="int ready(void);",
        value="ready()",
        cmake=hooks.CMAKE
        + "target_link_libraries(_m PRIVATE ${CMAKE_SOURCE_DIR}/libready.so)\n",
    )
    (tmp_path / "absent.c").write_text("int absent(void) { return 1; }\n")
    (tmp_path / "ready.c").write_text("int absent(void);\nint ready(void) { return absent(); }\n")  # fmt: skip
    gcc("-shared", "-fPIC", "absent.c", "-o", "libabsent.so.1", "-Wl,-soname,libabsent.so.1", cwd=tmp_path)  # fmt: skip
    gcc("-shared", "-fPIC", "ready.c", "-o", source / "libready.so", "libabsent.so.1", "-Wl,-soname,libready.so", cwd=tmp_path)  # fmt: skip
    (tmp_path / "libabsent.so.1").unlink()
    wheel, said = build(source, tmp_path / "out")
    assert "-linux_x86_64" in wheel.name
    assert "libabsent.so.1" in said
    assert "TW201" in said


DRIVER = "target_link_libraries(_m PRIVATE ${CMAKE_SOURCE_DIR}/libcuda.so.1)\n"
PROGRAM = """
add_library(below SHARED below.c)
add_executable(tool tool.c)
target_link_libraries(tool PRIVATE below)
install(TARGETS tool DESTINATION ${SKBUILD_DATA_DIR}/libexec)
"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (DRIVER, "libcuda.so.1 must not go into a wheel"),
        (PROGRAM, "pkg-1.0.data/data/libexec/tool needs libraries of the machine"),
    ],
    ids=["driver", "program"],
)
def test_what_cannot_be_bundled_keeps_nobody_from_building_for_this_machine(
    tmp_path: Path, more: str, said: str
) -> None:
    is_driver = more is DRIVER
    source = hooks.project(
        tmp_path,
        head="int cuInit(void);" if is_driver else "",
        value="cuInit()" if is_driver else "0",
        cmake=hooks.CMAKE + more,
        **{
            **SOURCES,
            "tool.c": "int below(void);\nint main(void) { return below(); }\n",
        },
    )
    (tmp_path / "cuda.c").write_text("int cuInit(void) { return 0; }\n")
    gcc("-shared", "-fPIC", "cuda.c", "-o", source / "libcuda.so.1", "-Wl,-soname,libcuda.so.1", cwd=tmp_path)  # fmt: skip
    wheel, told = build(source, tmp_path / "out")
    assert "-linux_x86_64" in wheel.name
    assert copied(wheel) == []
    assert "warning TW605: pkg: its wheel brings no libraries: " in told
    assert said in told
    table = SETTINGS + 'tag = "manylinux_2_35"\n'
    (source / "pyproject.toml").write_text(hooks.PYPROJECT + table)
    done = hooks.hook(source, "build_wheel", tmp_path / "out")
    assert done.returncode != 0
    assert said in done.stdout + done.stderr

"""What a build was linked with statically: names and versions that CMake knows."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from support import needs
from support.cmake_builds import HEAD, built, function, run, static_library
from truewheel.model.bundled import Component
from truewheel.system.engine.fetched_content import fetched_content, project_version
from truewheel.system.engine.found_packages import package_of

POLICIES = ["OLD", "NEW"]
"""Of CMP0168: whether FetchContent has a build of its own for each download."""


def repository(place: Path, name: str, version: str, project: str) -> Path:
    """Make a Git repository of a static library, with a tag."""
    function(place / f"{name}.c", name)
    (place / "CMakeLists.txt").write_text(
        HEAD + project + f"\nadd_library({name} STATIC {name}.c)\n"
    )
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    run("git", "init", "-q", place)
    run("git", "-C", place, "add", ".")
    run("git", "-C", place, *identity, "commit", "-qm", "x")
    run("git", "-C", place, *identity, "tag", version)
    return place


def fetching(place: Path, declaration: str, more: str = "") -> str:
    """Return a project that links what it fetched."""
    function(place / "m.c", "m")
    return (
        f"project(top LANGUAGES C VERSION 9.9)\ninclude(FetchContent)\n{more}\n"
        f"FetchContent_Declare({declaration})\nFetchContent_MakeAvailable(Fetched)\n"
        "add_library(m MODULE m.c)\ntarget_link_libraries(m PRIVATE fetched)\n"
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_a_tag_is_a_version_where_the_project_does_not_say_one(
    tmp_path: Path, policy: str
) -> None:
    origin = repository(
        tmp_path / "o", "fetched", "v2.5.1", "project(Fetched LANGUAGES C)"
    )
    text = fetching(
        tmp_path,
        f"Fetched GIT_REPOSITORY {origin} GIT_TAG v2.5.1",
        f"if(POLICY CMP0168)\ncmake_policy(SET CMP0168 {policy})\nendif()",
    )
    (found,) = built(tmp_path, text).components
    # A path of this machine is not an address.
    assert found == Component(
        name="Fetched", version="2.5.1", origin="FetchContent at v2.5.1"
    )


def test_the_projects_own_version_comes_before_the_tag(tmp_path: Path) -> None:
    project = "project(Fetched # VERSION 1.0\n  VERSION 7.2 LANGUAGES C)"
    origin = repository(tmp_path / "o", "fetched", "release", project)
    text = fetching(tmp_path, f"Fetched GIT_REPOSITORY {origin} GIT_TAG release")
    (found,) = built(tmp_path, text).components
    assert (found.version, found.origin) == ("7.2", "FetchContent at release")


def test_without_a_version_there_is_none(tmp_path: Path) -> None:
    origin = repository(
        tmp_path / "o", "fetched", "main2", "project(Fetched LANGUAGES C)"
    )
    text = fetching(tmp_path, f"Fetched GIT_REPOSITORY {origin} GIT_TAG main2")
    (found,) = built(tmp_path, text).components
    assert (found.name, found.version) == ("Fetched", "")


@pytest.mark.parametrize("policy", POLICIES)
def test_sources_of_an_archive_may_be_compiled_into_the_module(
    tmp_path: Path, policy: str
) -> None:
    archive = tmp_path / "fetched-3.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(function(tmp_path / "x" / "one.c", "one"), "one.c")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    function(tmp_path / "m.c", "m")
    text = (
        "project(top LANGUAGES C)\ninclude(FetchContent)\n"
        f"if(POLICY CMP0168)\ncmake_policy(SET CMP0168 {policy})\nendif()\n"
        f"FetchContent_Declare(amalgam URL {archive} URL_HASH SHA256={digest} SOURCE_SUBDIR none)\n"
        "FetchContent_MakeAvailable(amalgam)\n"
        "add_library(m MODULE m.c ${amalgam_SOURCE_DIR}/one.c)\n"
    )
    assert built(tmp_path, text).components == (
        Component(name="amalgam", origin="FetchContent"),
    )


def test_a_project_within_the_project_is_a_component_and_tests_are_not(
    tmp_path: Path,
) -> None:
    for name in ("vendored", "tested"):
        function(tmp_path / name / f"{name}.c", name)
        (tmp_path / name / "CMakeLists.txt").write_text(
            f"project({name} VERSION 1.3)\nadd_library({name} STATIC {name}.c)\n"
        )
    function(tmp_path / "own.c", "own")
    (tmp_path / "m.c").write_text("int main(void) { return 0; }\n")
    text = (
        "project(top LANGUAGES C)\nadd_subdirectory(vendored)\nadd_subdirectory(tested)\n"
        "add_library(own STATIC own.c)\nadd_library(m MODULE m.c)\n"
        "target_link_libraries(m PRIVATE vendored own)\n"
        "add_executable(trial m.c)\ntarget_link_libraries(trial PRIVATE tested)\n"
    )
    assert built(tmp_path, text).components == (
        Component(name="vendored", version="1.3", origin="add_subdirectory"),
    )


def test_a_package_with_files_for_cmake_is_known(tmp_path: Path) -> None:
    """An installed package that CMake itself wrote the files of."""
    theirs, prefix = tmp_path / "theirs", tmp_path / "prefix"
    function(theirs / "foreign.c", "foreign")
    (theirs / "CMakeLists.txt").write_text(
        HEAD + "project(Foreign LANGUAGES C VERSION 4.5.6)\nadd_library(foreign STATIC foreign.c)\n"
        "include(CMakePackageConfigHelpers)\n"
        "write_basic_package_version_file(ForeignConfigVersion.cmake COMPATIBILITY AnyNewerVersion)\n"
        "install(TARGETS foreign EXPORT Foreign ARCHIVE DESTINATION lib)\n"
        "install(EXPORT Foreign FILE ForeignConfig.cmake DESTINATION lib/cmake/Foreign)\n"
        "install(FILES ${CMAKE_BINARY_DIR}/ForeignConfigVersion.cmake DESTINATION lib/cmake/Foreign)\n"
    )  # fmt: skip
    run("cmake", "-S", theirs, "-B", theirs / "b", "-G", "Ninja")
    run("cmake", "--build", theirs / "b")
    run("cmake", "--install", theirs / "b", "--prefix", prefix)
    function(tmp_path / "m.c", "m")
    text = (
        "project(top LANGUAGES C)\nfind_package(Foreign REQUIRED)\nadd_library(m MODULE m.c)\n"
        "target_link_libraries(m PRIVATE foreign)\n"
    )
    facts = built(tmp_path, text, f"-DCMAKE_PREFIX_PATH={prefix}")
    assert facts.components == (
        Component(name="Foreign", version="4.5.6", origin="find_package(Foreign)"),
    )
    assert [Path(path).name for path in facts.static_libraries] == ["libforeign.a"]


def test_what_a_find_module_found_is_known(tmp_path: Path) -> None:
    needs.header("zlib.h")
    library = static_library(tmp_path / "libz.a")
    function(tmp_path / "m.c", "m")
    text = (
        "project(top LANGUAGES C)\nfind_package(ZLIB REQUIRED)\nadd_library(m MODULE m.c)\n"
        "target_link_libraries(m PRIVATE ZLIB::ZLIB)\n"
    )
    (found,) = built(tmp_path, text, f"-DZLIB_LIBRARY={library}").components
    assert (found.name, found.origin) == ("ZLIB", "find_package(ZLIB)")
    assert found.version.startswith("1.")


def test_what_pkg_config_found_is_known(tmp_path: Path) -> None:
    needs.program("pkg-config")
    static_library(tmp_path / "libforeign.a")
    (tmp_path / "foreign-1.pc").write_text(
        f"Name: foreign\nDescription: x\nVersion: 1.9\nLibs: -L{tmp_path} -lforeign\n"
    )
    function(tmp_path / "m.c", "m")
    text = (
        "project(top LANGUAGES C)\nfind_package(PkgConfig REQUIRED)\n"
        f"set(ENV{{PKG_CONFIG_PATH}} {tmp_path})\n"
        "pkg_check_modules(FOR_EIGN REQUIRED IMPORTED_TARGET foreign-1)\nadd_library(m MODULE m.c)\n"
        "target_link_libraries(m PRIVATE PkgConfig::FOR_EIGN)\n"
    )
    assert built(tmp_path, text).components == (
        Component(
            name="foreign-1", version="1.9", origin="pkg_check_modules(FOR_EIGN)"
        ),
    )


def test_a_static_library_that_nobody_names_has_no_name(tmp_path: Path) -> None:
    library = static_library(tmp_path / "libforeign.a")
    function(tmp_path / "m.c", "m")
    text = f"project(top LANGUAGES C)\nadd_library(m MODULE m.c)\ntarget_link_libraries(m PRIVATE {library})\n"
    facts = built(tmp_path, text)
    assert facts.components == ()
    assert facts.static_libraries == (str(library.resolve()),)


# --- packagers whose files are written as they write them ------------------------------------------------------------


def conan_package(place: Path) -> tuple[Path, dict[str, str]]:
    """Return a library in Conan's cache, and CMake's cache after ``find_package`` by the files of its CMakeDeps."""
    home, files = place / "p" / "b" / "fmt1234" / "p", place / "generators"
    (home / "lib").mkdir(parents=True)
    files.mkdir()
    (files / "fmt-config.cmake").touch()
    (files / "fmt-config-version.cmake").write_text('set(PACKAGE_VERSION "10.2.1")\n')
    (files / "fmt-release-x86_64-data.cmake").write_text(
        f'set(fmt_COMPONENT_NAMES "")\nset(fmt_PACKAGE_FOLDER_RELEASE "{home}")\n'
    )
    return static_library(home / "lib" / "libfmt.a"), {"fmt_DIR": str(files)}


def test_a_package_of_conan_is_known(tmp_path: Path) -> None:
    library, cache = conan_package(tmp_path)
    assert package_of(str(library.resolve()), cache) == Component(
        name="fmt", version="10.2.1", origin="Conan", purl="pkg:conan/fmt@10.2.1"
    )
    other = static_library(tmp_path / "libother.a")
    assert package_of(str(other.resolve()), cache) is None


@pytest.mark.parametrize(
    ("told", "version", "purl"),
    [
        ("1.3.1#2", "1.3.1", "pkg:vcpkg/zlib@1.3.1?port_version=2"),
        ("1.3.1", "1.3.1", "pkg:vcpkg/zlib@1.3.1"),
        (None, "1.3", "pkg:vcpkg/zlib@1.3"),
    ],
)
def test_a_port_of_vcpkg_is_known(
    tmp_path: Path, told: str | None, version: str, purl: str
) -> None:
    triplet, info = tmp_path / "x64-linux", tmp_path / "vcpkg" / "info"
    share = triplet / "share" / "zlib"
    for folder in (triplet / "lib", info, share):
        folder.mkdir(parents=True)
    library = static_library(triplet / "lib" / "libz.a")
    (info / "other_2_x64-linux.list").write_text("x64-linux/lib/libzz.a\n")
    (info / "zlib_1.3_x64-linux.list").write_text(
        "x64-linux/\nx64-linux/lib/\nx64-linux/lib/libz.a\n"
    )
    if told is not None:
        row = {"name": "zlib", "SPDXID": "SPDXRef-port", "versionInfo": told}
        (share / "vcpkg.spdx.json").write_text(json.dumps({"packages": [row]}))
    cache = {"VCPKG_INSTALLED_DIR": str(tmp_path)}
    assert package_of(str(library.resolve()), cache) == Component(
        name="zlib", version=version, origin="vcpkg", purl=purl
    )


# --- addresses --------------------------------------------------------------------------------------------------


def downloaded(place: Path, info: str, script: str = "") -> Component:
    """Return what is told of content by the files that FetchContent leaves."""
    stamps = place / "CMakeFiles" / "fc-stamp" / "fmt"
    scripts = place / "CMakeFiles" / "fc-tmp" / "fmt"
    stamps.mkdir(parents=True)
    scripts.mkdir(parents=True)
    kind = "git" if "repository=" in info else "url"
    (stamps / f"fmt-{kind}info.txt").write_text(info)
    (scripts / "fmt-gitclone.cmake").write_text(script)
    cache = {"FETCHCONTENT_BASE_DIR": str(place), "FETCHCONTENT_SOURCE_DIR_FMT": ""}
    (found,) = fetched_content(cache, str(place), {})
    return found.component


@pytest.mark.parametrize(
    ("address", "purl"),
    [
        ("https://github.com/FmtLib/fmt.git", "pkg:github/fmtlib/fmt@10.2.1"),
        ("git@github.com:fmtlib/fmt.git", "pkg:github/fmtlib/fmt@10.2.1"),
        ("https://me:token@example.org/fmt", "pkg:generic/fmt@10.2.1?vcs_url=git%2Bhttps://example.org/fmt%4010.2.1"),
        ("../fmt", ""),
    ],
)  # fmt: skip
def test_a_repository_has_an_address(tmp_path: Path, address: str, purl: str) -> None:
    script = 'COMMAND "/usr/bin/git"\n  checkout "10.2.1" --\n'
    found = downloaded(tmp_path, f"method=git\nrepository={address}\n", script)
    assert (found.version, found.purl) == ("10.2.1", purl)
    assert "token" not in found.origin


def test_an_archive_has_an_address_and_a_digest(tmp_path: Path) -> None:
    found = downloaded(
        tmp_path, "url(s)=https://example.org/a.tgz;https://b\nhash=SHA256=AB12\n"
    )
    assert found.origin == "FetchContent: https://example.org/a.tgz"
    assert (
        found.purl
        == "pkg:generic/fmt?checksum=sha256:ab12&download_url=https://example.org/a.tgz"
    )


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("project(p VERSION 1.2)", "1.2"),
        ('PROJECT ( p\n  VERSION "1.2.3.4" LANGUAGES C)', "1.2.3.4"),
        ("project(p VERSION ${V})", ""),
        ("project(p LANGUAGES C)\nproject(q VERSION 3)", ""),
        ("project(p VERSION 1)\nproject(p VERSION 2)", ""),
        ("# project(p VERSION 1)", ""),
        ("project(pp VERSION 1)", ""),
    ],
)
def test_a_version_counts_where_it_is_written_out(
    tmp_path: Path, text: str, version: str
) -> None:
    (tmp_path / "CMakeLists.txt").write_text(text)
    assert project_version(str(tmp_path), "p") == version

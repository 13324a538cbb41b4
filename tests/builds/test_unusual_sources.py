"""Sources with more in them than files, directories and links: a build leaves it out, says so, and waits for nothing."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support import hooks, needs
from support.rights import as_anybody

PURE = "[tool.scikit-build]\nwheel.cmake = false\n"
LONGEST = 60
"""Seconds; a build that reads a pipe would wait for ever."""


def make_socket(path: Path) -> None:
    # A path in an address has 108 bytes at most (unix(7)), which temporary directories may exceed.
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


def make_device(path: Path) -> None:
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        needs.missing("the right to make device nodes")


def make_lock_of_an_editor(path: Path) -> None:
    """Emacs locks a file with a link to who edits it (its manual, "Interlocking")."""
    path.symlink_to("somebody@some.host.4711:1700000000")


def make_circle(path: Path) -> None:
    path.symlink_to(path.name)


SPECIAL: dict[str, Callable[[Path], None]] = {
    "socket": make_socket,
    "pipe": os.mkfifo,
    "device": make_device,
}
LINKS: dict[str, Callable[[Path], None]] = {
    "lock": make_lock_of_an_editor,
    "circle": make_circle,
}
HOOKS = ("build_sdist", "build_wheel", "build_editable")


def build(
    source: Path, hook: str, output: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    """Call a hook in a process that is ended when it waits for something.

    :param words: what stands before the interpreter.
    """
    script = f"import truewheel.backend as b; print('=', b.{hook}({str(output)!r}))"
    return subprocess.run(
        [*words, sys.executable, "-c", script], cwd=source, capture_output=True, text=True, check=False, timeout=LONGEST
    )  # fmt: skip


def members(run: subprocess.CompletedProcess[str], output: Path) -> set[str]:
    """Return the names of what is in the product; of an sdist without its top directory."""
    path = output / hooks.result(run)
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as archive:
            # Installers unpack sdists so (PEP 721), and refuse what is no file, directory or link.
            for member in archive:
                assert member.isreg() or member.issym() or member.isdir()
            return {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(path) as wheel:
        return set(wheel.namelist())


def said(run: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the notes of a build."""
    lines = run.stderr.splitlines()
    return [line.strip() for line in lines if line.startswith("  note: ")]


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize("hook", HOOKS)
def test_what_is_no_file_is_left_out_and_named(
    hook: str, kind: str, tmp_path: Path
) -> None:
    source = hooks.project(tmp_path, pyproject=PURE)
    SPECIAL[kind](source / "src" / "pkg" / "special")
    run = build(source, hook, tmp_path)
    assert not [name for name in members(run, tmp_path) if "special" in name]
    expected = "note: src/pkg/special is left out: sockets, named pipes and devices cannot be packed"
    # An editable install packs no sources at all.
    assert said(run) == ([] if hook == "build_editable" else [expected])


@pytest.mark.parametrize("kind", SPECIAL)
def test_it_does_not_keep_a_compiled_project_from_being_built_again(
    kind: str, tmp_path: Path
) -> None:
    needs.program("gcc")
    source = hooks.project(tmp_path)
    SPECIAL[kind](source / "special")
    for _ in range(2):
        run = build(source, "build_wheel", tmp_path)
        assert "pkg/__init__.py" in members(run, tmp_path)
    assert "built: warm: nothing changed" in run.stderr
    mirrored = hooks.hook(
        source, "build_wheel", tmp_path, {"truewheel.cache": "mirror"}
    )
    assert "pkg/__init__.py" in members(mirrored, tmp_path)


def test_several_are_told_in_one_line(tmp_path: Path) -> None:
    source = hooks.project(tmp_path, pyproject=PURE)
    for name in ("c", "a", "b"):
        os.mkfifo(source / name)
    assert said(build(source, "build_sdist", tmp_path)) == [
        "note: a and 2 more are left out: sockets, named pipes and devices cannot be packed"
    ]


def test_what_a_project_excludes_is_not_told(tmp_path: Path) -> None:
    table = PURE + 'sdist.exclude = ["special"]\n'
    source = hooks.project(tmp_path, pyproject=table)
    os.mkfifo(source / "special")
    assert said(build(source, "build_sdist", tmp_path)) == []


@pytest.mark.parametrize("kind", LINKS)
@pytest.mark.parametrize("hook", HOOKS)
def test_links_that_lead_nowhere_stop_no_build(
    hook: str, kind: str, tmp_path: Path
) -> None:
    """An sdist holds them as the links that they are, a wheel cannot."""
    source = hooks.project(tmp_path, pyproject=PURE)
    LINKS[kind](source / "src" / "pkg" / ".#m.py")
    run = build(source, hook, tmp_path)
    found = members(run, tmp_path)
    assert ("src/pkg/.#m.py" in found) == (hook == "build_sdist")
    told = "note: src/pkg/.#m.py is left out: a link that leads nowhere cannot be in a wheel"
    assert said(run) == ([told] if hook == "build_wheel" else [])


def test_a_directory_that_leads_back_to_itself(tmp_path: Path) -> None:
    source = hooks.project(tmp_path, pyproject=PURE)
    (source / "src" / "pkg" / "up").symlink_to("..")
    for hook in HOOKS:
        assert members(build(source, hook, tmp_path), tmp_path)


@pytest.mark.parametrize("product", ["sdist", "wheel"])
def test_in_a_directory_of_force_include(product: str, tmp_path: Path) -> None:
    table = f'{PURE}{product}.force-include = {{ "more" = "pkg/more" }}\n'
    source = hooks.project(tmp_path, pyproject=table + 'sdist.exclude = ["/more"]\n')
    (source / "more").mkdir()
    (source / "more" / "file").touch()
    os.mkfifo(source / "more" / "pipe")
    make_lock_of_an_editor(source / "more" / ".#file")
    run = build(source, f"build_{product}", tmp_path)
    found = members(run, tmp_path)
    assert "pkg/more/file" in found
    assert "pkg/more/pipe" not in found
    assert any("more/pipe is left out" in line for line in said(run))


def test_a_licence_that_is_no_file(tmp_path: Path) -> None:
    source = hooks.project(tmp_path, pyproject=PURE)
    os.mkfifo(source / "LICENSE")
    make_lock_of_an_editor(source / "COPYING")
    found = members(build(source, "build_wheel", tmp_path), tmp_path)
    assert not [name for name in found if "licenses" in name]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_directory_that_nobody_may_read(hook: str, tmp_path: Path) -> None:
    source = hooks.project(tmp_path, pyproject=PURE)
    closed = source / "src" / "pkg" / "closed"
    closed.mkdir()
    closed.chmod(0)
    run = build(source, hook, tmp_path, *as_anybody())
    closed.chmod(0o700)
    assert members(run, tmp_path)
    told = (
        "note: src/pkg/closed is left out: this user may not read it, or its directory"
    )
    assert said(run) == ([] if hook == "build_editable" else [told])


def test_a_compiled_project_with_a_directory_that_nobody_may_read(
    tmp_path: Path,
) -> None:
    """The warm build looks at everything in the source."""
    needs.program("gcc")
    source = hooks.project(tmp_path)
    (source / "closed").mkdir(mode=0)
    # It tells which files it has, and nothing else of them.
    (source / "names").mkdir()
    (source / "names" / "file").touch()
    (source / "names").chmod(0o400)
    run = build(source, "build_wheel", tmp_path, *as_anybody())
    for name in ("closed", "names"):
        (source / name).chmod(0o700)
    assert "pkg/__init__.py" in members(run, tmp_path)


def test_a_file_that_nobody_may_read_is_named(tmp_path: Path) -> None:
    """It belongs into the sdist: without it, what is built from there is another project."""
    source = hooks.project(tmp_path, pyproject=PURE)
    (source / "m.c").chmod(0)
    run = build(source, "build_sdist", tmp_path, *as_anybody())
    assert run.returncode != 0
    assert "m.c cannot be read: Permission denied" in run.stderr
    assert "Traceback" not in run.stderr
    assert list(tmp_path.glob("*.tar.gz")) == []


def test_an_sdist_is_sorted_by_names_as_text(tmp_path: Path) -> None:
    source = hooks.project(tmp_path, cmake="", pyproject="[tool.scikit-build]\nwheel.cmake = false\n")  # fmt: skip
    # Path objects compare directory by directory, and on Windows without regard to case.
    for name in ("B.txt", "a-b.txt", "a/c.txt", "README.md"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).touch()
    done = hooks.hook(source, "build_sdist", tmp_path)
    with tarfile.open(tmp_path / hooks.result(done)) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    names.remove("PKG-INFO")
    assert names == sorted(names)
    assert {"B.txt", "a-b.txt", "a/c.txt"} <= set(names)

"""Every function that the library replaces is called once, and what it notes is compared."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from support import needs
from support.watching import Watched, compile_c, library, watch
from truewheel.model.observation import Process


class Call(NamedTuple):
    """A call in C of one function, in a folder with ``file``, ``link``, ``folder`` and ``folder/inner``.

    :param arguments: in C, where PATH is the path; without it, the function does not take one.
    :param path: that is there, or that the call makes.
    :param notes: the field of ``Process``, and the path or word that is in it. PATH again is the path.
    :param missing: whether the call notes a path that is not there.
    """

    arguments: str
    path: str
    notes: tuple[tuple[str, str], ...]
    missing: bool = True


def reads(arguments: str) -> Call:
    return Call(arguments, "file", (("read", "PATH"),))


def looks(arguments: str, path: str = "file") -> Call:
    return Call(arguments, path, (("looked_at", "PATH"),))


def lists(arguments: str, field: str = "listed") -> Call:
    return Call(arguments, "folder", ((field, "PATH"),))


def writes(arguments: str, path: str = "made") -> Call:
    return Call(arguments, path, (("written", "PATH"),), missing=False)


def removes(arguments: str, path: str = "file") -> Call:
    return Call(arguments, path, (("removed", "PATH"),))


def moves(arguments: str) -> Call:
    return Call(arguments, "file", (("removed", "PATH"), ("written", "made")))


def links(arguments: str) -> Call:
    return Call(arguments, "file", (("read", "PATH"), ("written", "made")))


def runs(arguments: str) -> Call:
    return Call(arguments, "/bin/true", (("run", "/bin/true"),))


def searches(arguments: str) -> Call:
    return Call(arguments, "true", (("run", "/bin/true"), ("missing", "/nowhere/true")))


AT = "AT_FDCWD, PATH"
CALLS = {
    "open": reads("PATH, O_RDONLY"),
    "open64": reads("PATH, O_RDONLY"),
    "openat": reads(f"{AT}, O_RDONLY"),
    "openat64": reads(f"{AT}, O_RDONLY"),
    "__open_2": reads("PATH, O_RDONLY"),
    "__open64_2": reads("PATH, O_RDONLY"),
    "__openat_2": reads(f"{AT}, O_RDONLY"),
    "__openat64_2": reads(f"{AT}, O_RDONLY"),
    "creat": writes("PATH, 0600"),
    "creat64": writes("PATH, 0600"),
    "fopen": reads('PATH, "r"'),
    "fopen64": reads('PATH, "r"'),
    "freopen": reads('PATH, "r", stdin'),
    "freopen64": reads('PATH, "r", stdin'),
    "posix_spawn_file_actions_addopen": reads("actions, 3, PATH, O_RDONLY, 0"),
    "mkstemp": writes("temporary", "XXXXXX"),
    "mkstemp64": writes("temporary", "XXXXXX"),
    "mkstemps": writes("temporary, 0", "XXXXXX"),
    "mkstemps64": writes("temporary, 0", "XXXXXX"),
    "mkostemp": writes("temporary, 0", "XXXXXX"),
    "mkostemp64": writes("temporary, 0", "XXXXXX"),
    "mkostemps": writes("temporary, 0, 0", "XXXXXX"),
    "mkostemps64": writes("temporary, 0, 0", "XXXXXX"),
    "mkdtemp": writes("temporary", "XXXXXX"),
    "dlopen": Call("PATH, RTLD_NOW", "./file", (("read", "PATH"),)),
    "_exit": Call("0", "", (), missing=False),
    "_Exit": Call("0", "", (), missing=False),
    "stat": looks("PATH, room"),
    "stat64": looks("PATH, room"),
    "lstat": looks("PATH, room", "link"),
    "lstat64": looks("PATH, room", "link"),
    "fstatat": looks(f"{AT}, room, 0"),
    "fstatat64": looks(f"{AT}, room, 0"),
    "__xstat": looks("1, PATH, room"),
    "__xstat64": looks("1, PATH, room"),
    "__lxstat": looks("1, PATH, room"),
    "__lxstat64": looks("1, PATH, room"),
    "__fxstatat": looks(f"1, {AT}, room, 0"),
    "__fxstatat64": looks(f"1, {AT}, room, 0"),
    "__stat64_time64": looks("PATH, room"),
    "__lstat64_time64": looks("PATH, room"),
    "__fstatat64_time64": looks(f"{AT}, room, 0"),
    "__stat_time64": looks("PATH, room"),
    "__lstat_time64": looks("PATH, room"),
    "__fstatat_time64": looks(f"{AT}, room, 0"),
    "statx": looks(f"{AT}, 0, 0x7ff, room"),
    "statfs": looks("PATH, room"),
    "statfs64": looks("PATH, room"),
    "statvfs": looks("PATH, room"),
    "statvfs64": looks("PATH, room"),
    "access": looks("PATH, F_OK"),
    "eaccess": looks("PATH, F_OK"),
    "euidaccess": looks("PATH, F_OK"),
    "faccessat": looks(f"{AT}, F_OK, 0"),
    "chdir": looks("PATH", "folder"),
    "readlink": looks("PATH, room, 4096", "link"),
    "readlinkat": looks(f"{AT}, room, 4096", "link"),
    "__readlink_chk": looks("PATH, room, 4096, 8192", "link"),
    "__readlinkat_chk": looks(f"{AT}, room, 4096, 8192", "link"),
    "realpath": looks("PATH, room"),
    "__realpath_chk": looks("PATH, room, 8192"),
    "canonicalize_file_name": looks("PATH"),
    "opendir": lists("PATH"),
    "fdopendir": Call(
        "open(PATH, O_RDONLY)", "folder", (("listed", "PATH"),), missing=False
    ),
    "scandir": lists("PATH, &names, 0, 0"),
    "scandir64": lists("PATH, &names, 0, 0"),
    "scandirat": lists(f"{AT}, &names, 0, 0"),
    "scandirat64": lists(f"{AT}, &names, 0, 0"),
    "glob": Call('"folder/*.c", 0, 0, room', "", (("trees", "folder"),), missing=False),
    "glob64": Call('"folder/i?", 0, 0, room', "", (("trees", "folder"),), False),
    "ftw": lists("PATH, visit, 9", "trees"),
    "ftw64": lists("PATH, visit, 9", "trees"),
    "nftw": lists("PATH, visit, 9, 0", "trees"),
    "nftw64": lists("PATH, visit, 9, 0", "trees"),
    "fts_open": lists("((char *[]){PATH, 0}), 16, 0", "trees"),
    "fts64_open": lists("((char *[]){PATH, 0}), 16, 0", "trees"),
    "rename": moves('PATH, "made"'),
    "renameat": moves(f'{AT}, AT_FDCWD, "made"'),
    "renameat2": moves(f'{AT}, AT_FDCWD, "made", 0'),
    "link": links('PATH, "made"'),
    "linkat": links(f'{AT}, AT_FDCWD, "made", 0'),
    "symlink": writes('"file", PATH'),
    "symlinkat": writes('"file", AT_FDCWD, PATH'),
    "unlink": removes("PATH"),
    "unlinkat": removes(f"{AT}, 0"),
    "remove": removes("PATH"),
    "rmdir": removes("PATH", "empty"),
    "truncate": Call("PATH, 1L", "file", (("written", "PATH"),)),
    "truncate64": Call("PATH, 1L", "file", (("written", "PATH"),)),
    "mkdir": writes("PATH, 0700"),
    "mkdirat": writes(f"{AT}, 0700"),
    "mkfifo": writes("PATH, 0600"),
    "mknod": writes("PATH, 0600 | S_IFIFO, 0L"),
    "getenv": Call('"A_NAME"', "", (("variables", "A_NAME"),), missing=False),
    "secure_getenv": Call('"A_NAME"', "", (("variables", "A_NAME"),), missing=False),
    "connect": Call(
        "socket(AF_UNIX, SOCK_STREAM, 0), &address, sizeof address",
        "",
        (("network", "unix:/nowhere/socket"),),
        missing=False,
    ),
    "chroot": Call('"/"', "", (("unseen", "has another root folder"),), missing=False),
    "syscall": reads(f"(long)SYS_openat, (long){AT}, 0L, 0L, 0L, 0L"),
    "execve": runs("PATH, words, environ"),
    "execv": runs("PATH, words"),
    "execl": runs('PATH, "true", "word", (char *)0'),
    "execle": runs('PATH, "true", "word", (char *)0, environ'),
    "execveat": runs(f"{AT}, words, environ, 0"),
    "fexecve": Call(
        'open("/bin/true", O_RDONLY), words, environ',
        "",
        (("run", os.path.realpath("/bin/true")),),
        missing=False,
    ),
    "posix_spawn": runs("&pid, PATH, 0, 0, words, environ"),
    "execvp": searches("PATH, words"),
    "execvpe": searches("PATH, words, environ"),
    "execlp": searches('PATH, "true", "word", (char *)0'),
    "posix_spawnp": searches("&pid, PATH, 0, 0, words, environ"),
    "system": Call('"true"', "", (("run", "/bin/sh"),), missing=False),
    "popen": Call('"true", "r"', "", (("run", "/bin/sh"),), missing=False),
}
PROGRAM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static char room[8192], temporary[] = "XXXXXX";
static char *words[] = {"true", "word", 0};
static void *names;
static int visit() { return 0; }

int main(int count, char **argv) {
    char *PATH = argv[2];
    pid_t pid;
    posix_spawn_file_actions_t actions[1];
    posix_spawn_file_actions_init(actions);
    struct sockaddr_un address = {AF_UNIX, "/nowhere/socket"};
    setenv("PATH", "/nowhere:/bin", 1);
CALLS
    while (wait(0) > 0);
    return 0;
}
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Watched]:
    """Run every call once with a path that is there, and once with one that is not."""
    here = tmp_path_factory.mktemp("hooks")
    lines = []
    for name, call in CALLS.items():
        lines.append(
            f'if (!strcmp(argv[1], "{name}")) {{ long (*f)() = dlsym(RTLD_DEFAULT, "{name}"); '
            f"f({call.arguments}); }}"
        )
    program = compile_c(PROGRAM.replace("CALLS", "\n".join(lines)), here / "calls")
    found = {}
    for name, call in CALLS.items():
        for is_missing in [False, True] if call.missing else [False]:
            folder = here / f"{name}-{is_missing}"
            (folder / "folder").mkdir(parents=True)
            (folder / "empty").mkdir()
            (folder / "folder" / "inner").touch()
            (folder / "file").touch()
            (folder / "link").symlink_to("file")
            path = "./nowhere" if is_missing else call.path
            if call == searches(call.arguments) and is_missing:
                path = "nowhere"
            found[name, is_missing] = watch([program, name, path], folder, size=1 << 18)
    return found


def defined() -> set[str]:
    """Return the functions that the library replaces."""
    command = [needs.program("nm"), "-D", "--defined-only", str(library())]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r" T (\w+)$", table, re.MULTILINE))


def is_in_c_library(name: str) -> bool:
    import ctypes

    return hasattr(ctypes.CDLL(None), name)


def test_every_function_is_called_here() -> None:
    assert defined() - {"_init", "_fini"} == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_noted(seen: dict[tuple[str, bool], Watched], name: str) -> None:
    if not is_in_c_library(name):
        pytest.skip("not of this C library")
    watched = seen[name, False]
    process = watched.trace.processes[1]
    assert watched.trace.is_whole
    assert process.program.endswith("/calls")
    for field, text in CALLS[name].notes:
        noted = getattr(process, field)
        if field == "unseen":
            assert text in {each.reason for each in noted}
        elif field in {"variables", "network"}:
            assert text in noted
        elif CALLS[name].path == "XXXXXX":
            (made,) = noted
            assert Path(made).parent == watched.folder
            assert Path(made).exists()
        else:
            path = CALLS[name].path if text == "PATH" else text
            assert watched.here(path) in noted


@pytest.mark.parametrize("name", [name for name in CALLS if CALLS[name].missing])
def test_what_is_not_there_is_noted(
    seen: dict[tuple[str, bool], Watched], name: str
) -> None:
    if not is_in_c_library(name):
        pytest.skip("not of this C library")
    watched = seen[name, True]
    process = watched.trace.processes[1]
    searched = CALLS[name] == searches(CALLS[name].arguments)
    missing = "/bin/nowhere" if searched else watched.here("nowhere")
    assert missing in process.missing
    assert missing not in process.read | process.looked_at | process.listed
    assert process.run == frozenset()
    assert process.unseen == frozenset()


@pytest.mark.parametrize(
    "name", [name for name in CALLS if any("run" in note for note in CALLS[name].notes)]
)
def test_what_is_started_is_watched(
    seen: dict[tuple[str, bool], Watched], name: str
) -> None:
    processes: list[Process] = list(seen[name, False].trace.processes.values())
    assert len(processes) >= 2
    assert processes[1].parent == 1
    assert processes[0].unseen == frozenset()


def test_files_that_are_read_and_written_are_noted_as_both(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <fcntl.h>
        #include <stdio.h>
        int main() {
            open("old", O_RDWR | O_CREAT, 0600);
            open("new", O_RDWR | O_CREAT, 0600);
            open("emptied", O_RDWR | O_TRUNC);
            fopen("changed", "r+");
            open("pipe", O_RDONLY | O_DIRECTORY);
            open("folder", O_RDONLY | O_DIRECTORY);
        }
        """,
        tmp_path / "program",
    )
    for name in ("old", "emptied", "changed"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    watched = watch([program], tmp_path)
    read = {Path(path).name for path in watched.all.read if "/lib" not in path}
    assert read == {"old", "changed"}
    written = {Path(path).name for path in watched.all.written}
    assert written == {"old", "new", "emptied", "changed"}
    assert watched.all.listed == {watched.here("folder")}
    assert watched.all.missing == {watched.here("pipe")}


def test_paths_are_absolute_and_nothing_in_them_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "other").symlink_to("folder")
    program = compile_c(
        """
        #include <fcntl.h>
        #include <unistd.h>
        int main() {
            int other = open("other", O_RDONLY | O_DIRECTORY);
            openat(other, ".//./inner", O_RDONLY);
            open("other/../file", O_RDONLY);
            access("file/", F_OK);
            access("folder/", F_OK);
            chdir("folder");
            open("in//./folder", O_RDONLY);
            open("/", O_RDONLY | O_DIRECTORY);
        }
        """,
        tmp_path / "program",
    )
    watched = watch([program], tmp_path)
    names = {"folder/inner", "file/", "folder/in/folder"}
    assert watched.all.missing == {watched.here("") + "/" + name for name in names}
    assert watched.here("other/../file") in watched.all.read
    assert watched.here("folder") in watched.all.looked_at
    assert watched.all.listed == {watched.here("other"), "/"}

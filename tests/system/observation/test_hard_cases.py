"""What is hard to watch: hidden variables, children of ``vfork``, kills, limits, odd names, programs that cannot be seen."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support import needs
from support.watching import compile_c, library, watch
from truewheel.model.observation import Unseen
from truewheel.system.observation.trace import begin, read, variables

READS = '#include <stdio.h>\nint main() { fopen("file", "r"); return 0; }'
RUNS = """
#include <stdlib.h>
int main(int count, char **argv) { return system(argv[1]); }
"""


# --- the environment ------------------------------------------------------------------------------------------------

ENVIRONMENTS = [
    {"PATH": "/usr/bin:/bin", "NAME": "value"},
    {"LD_PRELOAD": "", "PATH": "/usr/bin:/bin"},
    {"PATH": "/usr/bin:/bin", "LD_PRELOAD": "libm.so.6"},
    {"LD_PRELOAD": "libm.so.6:libdl.so.2", "PATH": "/usr/bin:/bin"},
]


@pytest.mark.parametrize("environ", ENVIRONMENTS)
@pytest.mark.parametrize(
    "script",
    [
        "env",
        "sh -c env",
        "env -i A=b env",
        f"{sys.executable} -c 'import os; print(os.environ)'",
        f"{sys.executable} -c 'import os; os.system(\"env\")'",
        f'{sys.executable} -c \'import os; os.environ["LD_PRELOAD"] = "libm.so.6"; os.system("env")\'',
        "perl -e 'print `env`; print %ENV{LD_PRELOAD}'",
    ],
)
def test_programs_see_the_same_environment(
    tmp_path: Path, environ: dict[str, str], script: str
) -> None:
    command = ["/bin/sh", "-c", script]
    plain = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, check=False
    )
    watched = watch(command, tmp_path, environ=environ)
    assert watched.done.stdout == plain.stdout != b""
    assert watched.done.stderr == plain.stderr
    assert len(watched.trace.processes) > 1 or "perl" in script
    assert watched.all.unseen == frozenset()


def test_popen_hides_the_environment_again(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <stdio.h>
        #include <stdlib.h>
        int main() {
            FILE *one = popen("env", "w"), *two = popen("cat file", "w");
            pclose(one), pclose(two);
            return system(0) == 0 || getenv("TRUEWHEEL_OBSERVE") || getenv("LD_PRELOAD");
        }
        """,
        tmp_path / "program",
    )
    (tmp_path / "file").touch()
    watched = watch([program], tmp_path)
    assert watched.done.returncode == 0
    assert b"TRUEWHEEL_OBSERVE" not in watched.done.stdout
    assert watched.here("file") in watched.all.read


def test_system_returns_what_the_c_library_returns(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        int main() {
            struct sigaction now;
            /* A job in the background of a shell begins with it ignored. */
            signal(SIGINT, SIG_DFL);
            printf("%d %d ", system("exit 3"), system("kill -9 $$"));
            sigaction(SIGINT, 0, &now);
            printf("%d ", now.sa_handler == SIG_DFL);
            fflush(stdout);
            system("kill -INT $PPID; echo alive");
        }
        """,
        tmp_path / "program",
    )
    watched = watch([program], tmp_path)
    assert watched.done.stdout == b"768 9 1 alive\n"
    assert subprocess.run([program], capture_output=True, check=True).stdout == (
        watched.done.stdout
    )


# --- processes ------------------------------------------------------------------------------------------------------


def test_a_child_of_vfork_is_watched(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <sys/wait.h>
        #include <unistd.h>
        int main() {
            if (!vfork()) { execlp("nowhere", "nowhere", (char *)0); _exit(1); }
            if (!vfork()) { chdir("folder"); execlp("cat", "cat", "file", (char *)0); _exit(1); }
            while (wait(0) > 0);
            return access("file", F_OK) ? 0 : 1;
        }
        """,
        tmp_path / "program",
    )
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    watched = watch([program], tmp_path)
    assert watched.done.returncode == 0
    assert watched.here("folder/file") in watched.process("cat").read
    assert watched.here("file") in watched.all.missing
    assert watched.all.unseen == frozenset()


def test_threads_lose_nothing(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <pthread.h>
        #include <stdio.h>
        #include <stdlib.h>
        static void *run(void *number) {
            char name[32];
            for (long i = 0; i < 500; i++) {
                sprintf(name, "%ld-%ld", (long)number, i);
                fopen(name, "r");
            }
            return 0;
        }
        int main() {
            pthread_t threads[4];
            for (long i = 0; i < 4; i++) pthread_create(&threads[i], 0, run, (void *)i);
            system("true");
            for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
        }
        """,
        tmp_path / "program",
    )
    watched = watch([program], tmp_path)
    assert watched.trace.is_whole
    assert len(watched.all.missing) == 2000


def test_what_a_killed_process_did_is_kept(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <fcntl.h>
        #include <signal.h>
        int main() { open("file", O_RDONLY); raise(SIGKILL); }
        """,
        tmp_path / "program",
    )
    (tmp_path / "file").touch()
    watched = watch([program], tmp_path)
    assert watched.done.returncode == -9
    assert watched.here("file") in watched.all.read
    assert watched.trace.is_whole


def test_a_program_may_close_every_descriptor(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <fcntl.h>
        #include <unistd.h>
        int main() {
            for (int i = 0; i < 1024; i++) close(i);
            /* Descriptors are given out from the lowest. */
            return open("file", O_RDONLY) == 0 && open("nowhere", O_RDONLY) < 0 ? 0 : 1;
        }
        """,
        tmp_path / "program",
    )
    (tmp_path / "file").touch()
    watched = watch(["/bin/sh", "-c", "exec ./program <&- >&- 2>&-"], tmp_path)
    assert program.exists()
    assert watched.done.returncode == 0
    assert watched.here("file") in watched.all.read
    assert watched.here("nowhere") in watched.all.missing


def test_a_constructor_that_runs_first_is_watched(tmp_path: Path) -> None:
    compile_c(
        """
        #include <fcntl.h>
        __attribute__((constructor)) static void early() { open("file", O_RDONLY); }
        int needed() { return 0; }
        """,
        tmp_path / "libearly.so",
        *("-shared", "-fPIC"),
    )
    program = compile_c(
        "int needed(); int main() { return needed(); }",
        tmp_path / "program",
        *(f"-L{tmp_path}", "-learly", "-Wl,-rpath,$ORIGIN"),
    )
    (tmp_path / "file").touch()
    watched = watch([program], tmp_path)
    assert watched.here("file") in watched.all.read
    assert watched.here("libearly.so") in watched.all.read


def test_errno_is_that_of_the_call(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <errno.h>
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/stat.h>
        #include <unistd.h>
        int main() {
            struct stat status;
            errno = 77;
            open("file", O_RDONLY), stat("file", &status), getenv("NAME");
            if (errno != 77) return 1;
            if (open("nowhere", O_RDONLY) >= 0 || errno != ENOENT) return 2;
            if (open("file/in", O_RDONLY) >= 0 || errno != ENOTDIR) return 3;
            if (execl("nowhere", "nowhere", (char *)0) >= 0 || errno != ENOENT) return 4;
            if (execl("file", "file", (char *)0) >= 0 || errno != EACCES) return 5;
            /* The oldest version of this function needs a buffer. */
            if (!realpath("file", 0)) return 7;
            if (open((char *)1, O_RDONLY) >= 0 || errno != EFAULT) return 6;
            return 0;
        }
        """,
        tmp_path / "program",
    )
    (tmp_path / "file").touch()
    assert watch([program], tmp_path).done.returncode == 0


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [b"a b", b"a\nb", b"\xff\xfe", b"K1 x", "ü".encode()])
def test_names_of_any_bytes_are_read(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    path.touch()
    watched = watch(["/bin/cat", path.name], tmp_path)
    assert watched.done.returncode == 0
    assert str(path) in watched.all.read
    assert watched.trace.is_whole


# --- what cannot be seen --------------------------------------------------------------------------------------------


def run_by_another(tmp_path: Path, program: str) -> frozenset[Unseen]:
    """Return what could not be seen when a program that is watched starts ``program``."""
    parent = compile_c(RUNS, tmp_path / "parent")
    watched = watch([parent, program], tmp_path)
    assert watched.done.returncode == 0, watched.done.stderr
    assert watched.done.stderr == b""
    return watched.all.unseen


def test_a_static_program_is_named(tmp_path: Path) -> None:
    compile_c(READS, tmp_path / "fixed", "-static")
    path = str(tmp_path / "fixed")
    assert run_by_another(tmp_path, "./fixed") == {Unseen("is a static program", path)}


def test_the_interpreter_of_a_script_is_looked_at(tmp_path: Path) -> None:
    compile_c(READS, tmp_path / "fixed", "-static")
    script = tmp_path / "script"
    script.write_text(f"#! {tmp_path}/fixed an argument\n")
    script.chmod(0o755)
    (unseen,) = run_by_another(tmp_path, "./script")
    assert unseen == Unseen("is a static program", str(script))


def test_a_program_of_go_is_named(tmp_path: Path) -> None:
    """Its linker leaves a note of this owner and type: cmd/internal/buildid."""
    note = (
        '__asm__(".section .note.go.buildid,\\"a\\",@note\\n.long 4, 4, 4\\n"'
        '".ascii \\"Go\\\\0\\\\0abcd\\"\\n.text");\n'
    )
    program = compile_c(note + READS, tmp_path / "go")
    reason = "calls the system without the C library"
    assert run_by_another(tmp_path, "./go") == {Unseen(reason, str(program))}


def test_a_program_with_other_rights_is_named(tmp_path: Path) -> None:
    program = compile_c(READS, tmp_path / "other")
    program.chmod(0o755 | stat.S_ISUID)
    if not program.stat().st_mode & stat.S_ISUID:
        needs.missing("a file system with setuid bits")
    reason = "runs with the rights of another user"
    assert run_by_another(tmp_path, "./other") == {Unseen(reason, str(program))}


def test_a_program_with_another_loader_is_named(tmp_path: Path) -> None:
    copy = tmp_path / "loader"
    loader = next(
        path
        for path in watch(["/bin/true"], tmp_path).all.read
        if Path(path).name.startswith("ld-")
    )
    shutil.copy(loader, copy)
    program = compile_c(READS, tmp_path / "other", f"-Wl,--dynamic-linker={copy}")
    reason = "has another dynamic loader"
    assert run_by_another(tmp_path, "./other") == {Unseen(reason, str(program))}


def test_the_same_loader_by_another_name_is_none_other(tmp_path: Path) -> None:
    (link,) = (
        path
        for path in watch(["/bin/true"], tmp_path).all.read
        if Path(path).name.startswith("ld-")
    )
    (tmp_path / "loader").symlink_to(link)
    compile_c(READS, tmp_path / "p", f"-Wl,--dynamic-linker={tmp_path}/loader")
    assert run_by_another(tmp_path, "./p") == frozenset()


def test_a_program_of_another_machine_is_named(tmp_path: Path) -> None:
    program = compile_c(READS, tmp_path / "other")
    data = bytearray(program.read_bytes())
    # e_machine, which says what the program is for: the kernel does not run it.
    data[18] ^= 1
    program.write_bytes(data)
    watched = watch(["/bin/sh", "-c", "./other 2>/dev/null; true"], tmp_path)
    # It was not started, and so nothing was missed.
    assert watched.all.run == frozenset()
    assert watched.all.unseen == frozenset()


@pytest.mark.parametrize(
    ("kind", "is_first"),
    [("address", True), ("leak", True), ("thread", True), ("undefined", False)],
)
def test_a_program_with_a_sanitizer_still_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, is_first: bool
) -> None:
    try:
        program = compile_c(READS, tmp_path / "checked", f"-fsanitize={kind}")
    except subprocess.CalledProcessError:
        needs.missing(f"the {kind} sanitizer")
    # Leak detection needs rights that containers do not give.
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    monkeypatch.setenv("LSAN_OPTIONS", "detect_leaks=0")
    reason = "needs a sanitizer's library first"
    unseen = {Unseen(reason, str(program))} if is_first else set()
    assert run_by_another(tmp_path, "./checked") == unseen


def test_a_sanitizer_that_is_preloaded_stays_first(tmp_path: Path) -> None:
    gcc = needs.program("gcc")
    command = [gcc, "-print-file-name=libasan.so"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if not Path(found.strip()).is_absolute():
        needs.missing("the address sanitizer")
    environ = {"LD_PRELOAD": found.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    compile_c(READS, tmp_path / "program")
    (tmp_path / "file").touch()
    watched = watch(["./program"], tmp_path, environ={**os.environ, **environ})
    assert watched.done.returncode == 0
    assert watched.done.stderr == b""
    assert watched.here("file") in watched.all.read


def test_a_program_that_cannot_map_the_trace_is_missed(tmp_path: Path) -> None:
    program = compile_c(READS, tmp_path / "program")
    watched = watch(
        ["/bin/sh", "-c", "ulimit -v 100000; ./program; cat /dev/null"],
        tmp_path,
        size=512 << 20,
    )
    assert watched.done.returncode == 0
    reason = "was started and told nothing"
    assert Unseen(reason, str(program)) in watched.all.unseen
    assert len(watched.all.unseen) == 2


def test_a_small_limit_of_files_does_not_matter(tmp_path: Path) -> None:
    import resource

    compile_c(READS, tmp_path / "program")
    (tmp_path / "file").touch()
    watched = watch(
        [tmp_path / "program"],
        tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
    )
    assert watched.done.returncode == 0
    assert watched.here("file") in watched.all.read


def test_io_uring_is_refused(tmp_path: Path) -> None:
    program = compile_c(
        """
        #include <errno.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        int main() {
            static char parameters[256];
            return syscall(SYS_io_uring_setup, 8, parameters) < 0 && errno == EPERM ? 0 : 1;
        }
        """,
        tmp_path / "program",
    )
    assert watch([program], tmp_path).done.returncode == 0


# --- the trace ------------------------------------------------------------------------------------------------------


def test_a_trace_that_is_full_is_not_whole(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "cat /dev/null; cat /dev/null; cat /dev/null"]
    assert not watch(command, tmp_path, size=600).trace.is_whole
    assert watch(command, tmp_path, size=1 << 16).trace.is_whole


def test_a_damaged_trace_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    begin(path, size=1 << 16)
    environ = {**os.environ, **variables(library(), path, os.environ)}
    subprocess.run(["/bin/cat", "/dev/null"], env=environ, check=True)
    assert read(path).is_whole
    data = bytearray(path.read_bytes())
    # The letter of the last record comes last: a process was killed while it wrote.
    place = data.rindex(b"R1 /dev/null")
    path.write_bytes(data[:place] + b"\0" + data[place + 1 :])
    assert not read(path).is_whole
    # The process that wrote did not say what it is.
    path.write_bytes(data[:place] + b"R7" + data[place + 2 :])
    assert not read(path).is_whole
    path.write_bytes(b"other" + data[5:])
    assert not read(path).is_whole
    path.write_bytes(data[:30])
    assert not read(path).is_whole


def test_a_trace_of_nothing_is_not_whole(tmp_path: Path) -> None:
    compile_c(READS, tmp_path / "fixed", "-static")
    path = tmp_path / "trace"
    begin(path, size=1 << 16)
    environ = {**os.environ, **variables(library(), path, os.environ)}
    subprocess.run([tmp_path / "fixed"], env=environ, check=True)
    assert not read(path).is_whole


def test_a_trace_takes_little_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    begin(path)
    assert path.stat().st_blocks * 512 <= 1 << 16
    with tempfile.TemporaryDirectory() as place:
        environ = {**os.environ, **variables(library(), path, os.environ)}
        subprocess.run(["/bin/ls", place], env=environ, check=True)
    assert read(path).is_whole
    assert path.stat().st_blocks * 512 <= 1 << 16

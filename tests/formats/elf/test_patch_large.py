"""A library of half a gigabyte is patched in little memory, whatever makes it large."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support import needs
from support.elf_builds import DEPENDENCY, RENAMED, C, World, many_exports
from support.paths import ROOT

SIZE = 500 * 1024 * 1024
SCRIPT = """
import json, sys
from truewheel.formats.elf.patch import patch
from truewheel.model.edits import ReplaceNeeded, SetSearchPaths, chunks_of, size_of

class File:
    def __init__(self, path):
        self.file = open(path, "rb")
        self.size = self.file.seek(0, 2)
        self.read = 0
    def __len__(self):
        return self.size
    def __getitem__(self, part):
        start, stop, _ = part.indices(self.size)
        self.file.seek(start)
        found = self.file.read(stop - start)
        self.read += len(found)
        return found

source, target, old, new = sys.argv[1:]
edits = (SetSearchPaths(paths=("$ORIGIN/p.libs",), kind="RPATH"), ReplaceNeeded(old=old, new=new))
data = File(source)
pieces = patch(data, edits)
read = data.read
with open(target, "wb") as output:
    for chunk in chunks_of(data, pieces):
        # Holes stay holes.
        if chunk.count(0) == len(chunk):
            output.seek(len(chunk), 1)
        else:
            output.write(chunk)
    output.truncate(size_of(pieces))
# Not ru_maxrss, which begins with the peak of the process that started this one (getrusage(2)).
with open("/proc/self/status") as status:
    (peak,) = [int(line.split()[1]) for line in status if line.startswith("VmHWM:")]
print(json.dumps({"read": read, "peak": peak * 1024, "grown": size_of(pieces) - len(data)}))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("where", ["mapped", "behind"])
def test_memory_does_not_grow_with_the_file(world: World, where: str) -> None:
    if sys.platform != "linux":
        needs.missing("Linux, which counts memory in KiB")
    names = many_exports()
    if where == "mapped":
        # Half a gigabyte of constants, between the strings and the code.
        space = f'asm(".section .rodata.large,\\"a\\"; .zero {SIZE}; .text");'
        library = world.library("mapped", C + names + space)
    else:
        # As debug symbols are: behind all that is mapped.
        space = f'asm(".section .debug_large,\\"\\"; .zero {SIZE}; .text");'
        library = world.library("behind", C + names + space)
    assert library.stat().st_size > SIZE
    wanted = world.value(library, search=world.place)
    target = library.with_suffix(".patched")
    command = [sys.executable, "-c", SCRIPT, library, target, DEPENDENCY, RENAMED]
    done = subprocess.run(
        command,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert world.value(target) == wanted
    Path(target).unlink()
    library.unlink()
    assert found["peak"] <= 150 * 1024 * 1024, found
    assert found["read"] <= 1024 * 1024, found
    assert found["grown"] <= 40_000, found

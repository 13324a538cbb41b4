"""A trace is read fast, whatever is in it; and what several processes did adds up."""

from __future__ import annotations

import os
import struct
import time
import tracemalloc
from pathlib import Path

import pytest

from support.processes import descendants, together
from truewheel.model.observation import Process, Trace, Unseen
from truewheel.system.observation.trace import begin, read, variables


def write(path: Path, *records: str, is_full: int = 0) -> Path:
    data = "".join(record + "\0" for record in records).encode()
    head = struct.pack("=8sQII40x", b"twtrace1", 64 + len(data), 9, is_full)
    path.write_bytes(head + data + bytes(100))
    return path


FIRST = "P1 0\x01/bin/sh\x01/here\x01sh\x01-c\x01"


def test_records_are_sorted_out(tmp_path: Path) -> None:
    trace = read(
        write(
            tmp_path / "trace",
            "R1 /early",
            FIRST,
            "M1 /m",
            "S1 /s",
            "L1 /l",
            "T1 /t",
            "W1 /w",
            "D1 /d",
            "E1 NAME",
            "N1 inet",
            "X1 2\x01/bin/two",
            "X1 3\x01/bin/three",
            "X1 4\x01/bin/four",
            "X1 5\x01/bin/five",
            "U1 4\x01is static\x01/bin/four",
            "U1 5\x01is static\x01/bin/five",
            "F1 5",
            "U1 0\x01is odd\x01/bin/sh",
            "P2 1\x01/bin/two\x01/there\x01two\x01",
        )
    )
    assert trace.is_whole
    assert trace.processes[1] == Process(
        number=1,
        parent=0,
        program="/bin/sh",
        folder="/here",
        arguments=("sh", "-c"),
        read=frozenset({"/early"}),
        missing=frozenset({"/m"}),
        looked_at=frozenset({"/s"}),
        listed=frozenset({"/l"}),
        trees=frozenset({"/t"}),
        written=frozenset({"/w"}),
        removed=frozenset({"/d"}),
        variables=frozenset({"NAME"}),
        network=frozenset({"inet"}),
        run=frozenset({"/bin/two", "/bin/three", "/bin/four"}),
        unseen=frozenset(
            {
                Unseen("was started and told nothing", "/bin/three"),
                Unseen("is static", "/bin/four"),
                Unseen("is odd", "/bin/sh"),
            }
        ),
    )
    assert trace.processes[2].folder == "/there"


@pytest.mark.parametrize(
    "record",
    ["", "1 /x", "R /x", "RR1 /x", "R2 /x", "P2 7\x01/bin/two\x01/\x01two\x01"],
)
def test_a_damaged_record_is_told(tmp_path: Path, record: str) -> None:
    assert read(write(tmp_path / "trace", FIRST, "R1 /x")).is_whole
    trace = read(write(tmp_path / "trace", FIRST, record, "R1 /x"))
    assert not trace.is_whole
    assert trace.processes[1].read == {"/x"}


@pytest.mark.parametrize(
    "record", ["P2 x\x01a", "P2 1", "X1 two\x01/bin/two", "U1 2", "P2 \x01\x01\x01\x01"]
)
def test_what_a_stranger_wrote_into_it_is_told(tmp_path: Path, record: str) -> None:
    assert not read(write(tmp_path / "trace", FIRST, record)).is_whole


def test_zeros_in_a_trace_take_no_room(tmp_path: Path) -> None:
    """Each of them would be a record without a text."""
    size = 100_000_000
    head = struct.pack("=8sQII40x", b"twtrace1", size, 9, 0)
    with (tmp_path / "trace").open("wb") as file:
        file.write(head + FIRST.encode() + b"\0")
        file.truncate(size)
    tracemalloc.start()
    found = read(tmp_path / "trace")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not found.is_whole
    assert most < 3 * size


def test_a_program_of_a_killed_build_keeps_its_own_trace(tmp_path: Path) -> None:
    begin(tmp_path / "trace")
    with (tmp_path / "trace").open("rb") as old:
        size = os.fstat(old.fileno()).st_size
        begin(tmp_path / "trace")
        assert os.fstat(old.fileno()).st_size == size
        assert os.fstat(old.fileno()).st_ino != (tmp_path / "trace").stat().st_ino


def test_a_full_trace_is_told(tmp_path: Path) -> None:
    assert not read(write(tmp_path / "trace", FIRST, is_full=1)).is_whole


@pytest.mark.parametrize("end", [0, 1 << 62])
def test_a_place_outside_of_the_file_is_told(tmp_path: Path, end: int) -> None:
    head = struct.pack("=8sQII40x", b"twtrace1", end, 9, end > 0)
    (tmp_path / "trace").write_bytes(head + FIRST.encode() + b"\0")
    assert not read(tmp_path / "trace").is_whole


def test_a_new_trace_has_nothing(tmp_path: Path) -> None:
    begin(tmp_path / "trace")
    assert read(tmp_path / "trace") == Trace(processes={}, is_whole=False)


def test_fifty_thousand_records_are_read_at_once(tmp_path: Path) -> None:
    records = [FIRST]
    for number in range(2, 502):
        records.append(f"P{number} 1\x01/usr/bin/cc\x01/here\x01cc\x01")
        for file in range(100):
            records.append(f"R{number} /usr/include/some/long/folder/{number}/{file}.h")
    path = write(tmp_path / "trace", *records)
    durations = []
    for _ in range(3):
        # Its own time: on a busy machine, others take turns.
        start = time.process_time()
        assert len(read(path).processes) == 501
        durations.append(time.process_time() - start)
    assert min(durations) < 0.1


def test_variables_keep_what_is_preloaded() -> None:
    library, trace = Path("/store/o.so"), Path("/here/trace")
    assert variables(library, trace, {}) == {
        "LD_PRELOAD": "/store/o.so",
        "TRUEWHEEL_OBSERVE": "/here/trace\x010\x010",
    }
    kept = variables(library, trace, {"LD_PRELOAD": "x.so"})["LD_PRELOAD"]
    assert kept == "x.so:/store/o.so"


def process(number: int, parent: int, read: str) -> Process:
    return Process(
        number=number,
        parent=parent,
        program=f"/bin/{number}",
        folder="/",
        arguments=(),
        read=frozenset({read}),
        unseen=frozenset({Unseen("is odd", read)}),
    )


def test_what_a_family_did_adds_up() -> None:
    parents = {1: 0, 2: 1, 3: 1, 4: 2, 5: 3, 6: 4}
    processes = {n: process(n, parent, f"/{n}") for n, parent in parents.items()}
    family = descendants(Trace(processes=processes, is_whole=True), 2)
    assert [each.number for each in family] == [2, 4, 6]
    total = together(family)
    assert total.number == 2
    assert total.program == "/bin/2"
    assert total.read == {"/2", "/4", "/6"}
    assert len(total.unseen) == 3
    assert descendants(Trace(processes=processes, is_whole=True), 9) == ()
    with pytest.raises(ValueError, match=r"^no process was observed$"):
        together(())

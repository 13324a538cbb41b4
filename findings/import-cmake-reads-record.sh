#!/usr/bin/env bash
# `import cmake` (the package of the index) parses the list of its nearly 4,000 installed files.
#
# Most would expect: a package whose job is to say where a program lies can be imported at no cost.
# What happens: its __init__ asks importlib.metadata for the files of its own distribution, which reads RECORD and makes a
#   path object of each row, to find out where cmake/data is, in every process that imports it.
# Versions: cmake 4.1.0, CPython 3.11.7 on Linux x86_64.
# Output seen (a busy machine, two cores): "find_spec: 13 ms, RECORD opened 0 time(s)", "import cmake: 207 ms",
#   "RECORD was opened 1 time(s) by `import cmake`; it has 3931 rows".
# Why users meet it: build backends and tools import it to find CMake, once for each hook; whoever wants to know only the
#   place finds it by importlib.util.find_spec("cmake"), which imports nothing.
# Source: cmake/__init__.py of the wheel (`distribution("cmake").files`).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check cmake==4.1.0
"$place/venv/bin/python" - <<'PYTHON'
import sys
import time

opened = []


def watch(event, arguments):
    if event == "open" and str(arguments[0]).endswith("RECORD"):
        opened.append(str(arguments[0]))


sys.addaudithook(watch)

started = time.perf_counter()
import importlib.util

spec = importlib.util.find_spec("cmake")
found = time.perf_counter() - started
by_finding = len(opened)

started = time.perf_counter()
import cmake

imported = time.perf_counter() - started
records = [path for path in opened if "cmake-" in path]
rows = sum(1 for _ in open(records[0], encoding="utf-8")) if records else 0
print(f"find_spec: {found * 1e3:.0f} ms, RECORD opened {by_finding} time(s): {spec.submodule_search_locations[0]}")
print(f"import cmake: {imported * 1e3:.0f} ms")
print(f"RECORD was opened {len(records)} time(s) by `import cmake`; it has {rows} rows")
sys.exit(0 if records and rows > 1000 and not by_finding else 1)
PYTHON

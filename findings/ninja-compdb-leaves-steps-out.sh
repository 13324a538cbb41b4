#!/usr/bin/env bash
# `ninja -t compdb` without names of rules leaves out every step that has no inputs.
#
# Most would expect: the list of commands has every command of the build; the manual says that without rules it prints them
#   all, and `ninja -t commands all` has it.
# What happens: a step without explicit, implicit or order-only inputs is missing. CMake writes such steps for custom commands
#   without DEPENDS (code generators). With one order-only input, the same step is listed.
# Versions: ninja 1.13.0 of the index on Linux x86_64; 1.11.1 does the same.
# Output seen: "compdb lists: uses ordered", "commands lists: alone uses ordered".
# Why users meet it: compile_commands.json with custom commands in it, and tools that map a command back to what it makes.
# Source: https://ninja-build.org/manual.html#_extra_tools; src/ninja.cc, ToolCompilationDatabase (edges whose inputs are empty).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check ninja==1.13.0
cd "$place"
cat > build.ninja <<'NINJA'
rule make
  command = touch $out
build alone: make
build uses: make alone
build ordered: make || alone
build all: phony uses ordered
NINJA
"$place/venv/bin/ninja" -t compdb > compdb.json
listed=$("$place/venv/bin/python" -c "import json; print(*(row['output'] for row in json.load(open('compdb.json')) if row['command']))")
run=$("$place/venv/bin/ninja" -t commands all | sed 's/^touch //' | tr '\n' ' ')
echo "compdb lists: $listed"
echo "commands lists: $run"
test "$listed" = "uses ordered" && test "$run" = "alone uses ordered "

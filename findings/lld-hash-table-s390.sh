#!/usr/bin/env bash
# LLD (zig 0.17.1) writes the hash table of an s390x library with words of 32 bits; the psABI, glibc and binutils have 64.
#
# Most would expect: the classic ELF hash table (DT_HASH) of a library that "zig cc" links can be read by every tool and loader of
#   the target, since it is the oldest table that there is.
# What happens: on 64-bit S/390 an entry of DT_HASH has 64 bits (Alpha has the same). LLD writes 32 for every machine. binutils'
#   readelf takes the first two words for one number, and says "Invalid number of dynamic entries: 12884901891" (3 << 32 | 3).
#   With both tables, which is zig's default, glibc goes by the GNU table, so nobody notices.
# Versions: ziglang 0.17.1 (its LLD), binutils 2.40.
# Output seen: "sysv: DT_HASH with entries of 4 bytes, readelf: Invalid number of dynamic entries: 12884901891"; the same for
#   "both"; "gnu: no DT_HASH, readelf: is content".
# Why users meet it: zig is the cross compiler that needs no sysroot, so it makes the s390x wheels of a build matrix. A tool that
#   counts dynamic symbols by DT_HASH, as the psABI has it, takes such a library for a broken file.
# Source: zSeries ELF ABI supplement ("Hash Table"); glibc sysdeps/s390/s390-64/bits/elfclass.h (Elf_Symndx is 64 bits);
#   LLVM lld/ELF/SyntheticSections.cpp, HashTableSection (entsize 4); binutils readelf.c (is 64 bits for EM_S390 of class 64).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
PATH="$place/venv/bin:$PATH"
pip install -q --disable-pip-version-check ziglang==0.17.1
export ZIG_GLOBAL_CACHE_DIR="$place/cache" ZIG_LOCAL_CACHE_DIR="$place/cache"
cd "$place"
printf 'int value(void) { return 42; }\nint other(void) { return 1; }\n' > library.c
target=s390x-linux-gnu

for style in sysv gnu both; do
  python3 -m ziglang cc -target $target -shared -fPIC -Wl,--hash-style=$style library.c -o "$style.so"
  # The line below the section's name has its size, and the size of an entry.
  size=$(readelf --wide --sections "$style.so" | sed -nE 's/.* \.hash +HASH +([0-9a-f]+ +){3}([0-9]+) .*/\2/p')
  said=$(readelf --histogram "$style.so" 2>&1 >/dev/null | sed -n '1s/^readelf: Error: //p')
  table="no DT_HASH"
  [ -z "$size" ] || table="DT_HASH with entries of $((10#$size)) bytes"
  echo "$style: $table, readelf: ${said:-is content}"
  case $style in
    gnu) test -z "$size$said" ;;
    *) test "$((10#$size))" = 4; test "$said" = "Invalid number of dynamic entries: 12884901891" ;;
  esac
done

#!/usr/bin/env bash
# pygame's wheel brings libasound-d80805e8.so.2.0.0, and at run time SDL opens libasound.so.2: the user's, or none.
#
# Most would expect: a library that a repair copied into a wheel is the one that the wheel's code uses.
# What happens: auditwheel renames what it copies, and tells the files that are linked with it. SDL is not: it opens libasound by
#   its name (SDL_ALSA_DYNAMIC), and the string in its data stays as it was. Another library of the wheel, linked with it, is
#   why it was copied. So the loader maps the bundled one, and then searches the system for one of the old name. Where there is
#   none, the sound driver is missing although its library is in the wheel; where there is one, both are in the process.
# Versions: pygame 2.6.1 (SDL 2.28.4), manylinux_2_17_x86_64, on Linux x86_64 with glibc 2.36; CPython 3.11.
# Output seen: "bundled: libasound-d80805e8.so.2.0.0"; "searched for, of the bundle: libasound-d80805e8.so.2.0.0"; "searched
#   for by the old name: libasound.so.2". The same with libpulse-simple.so.0 and the driver "pulseaudio".
# Why users meet it: whatever opens libraries by name is packed in this way: SDL, FreeType with HarfBuzz (in pillow 12.3.0, too),
#   plug-ins of codecs. The repair says nothing, and on the builder's machine, which has the library, all works.
# Source: SDL2, src/audio/alsa/SDL_alsa_audio.c (load_alsa_syms); auditwheel, repair.py (copylib); dlopen(3).
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check --only-binary :all: pygame==2.6.1

# The driver need not find a device: its library is opened before.
SDL_AUDIODRIVER=alsa LD_DEBUG=libs LD_DEBUG_OUTPUT="$place/log" "$place/venv/bin/python" -c '
import pygame
try:
    pygame.mixer.init()
except pygame.error as error:
    print("the driver says:", error)
'
bundled=$(cd "$place"/venv/lib/python3*/site-packages/pygame.libs && ls libasound-*)
searched=$(sed -nE 's/.*find library=(libasound[^ ]*) .*/\1/p' "$place"/log.* | sort -u)
echo "bundled: $bundled"
echo "searched for, of the bundle: $(grep -xF "$bundled" <<< "$searched" || true)"
echo "searched for by the old name: $(grep -xF libasound.so.2 <<< "$searched" || true)"
test "$(sort <<< "$searched")" = "$(printf 'libasound-d80805e8.so.2.0.0\nlibasound.so.2' | sort)"

"""Libraries that must never go into a wheel: parts of drivers, and runtimes of Visual C++ that do not fit. Pure.

The system's C library is in every process already, and so is Python. A need of them is not looked for on the machine; what
is included by its name, and what belongs to another C library than the wheel's, is refused here.
"""

from __future__ import annotations

import re

from ..model.binary import Need, PeSlice
from ..model.record import Record
from ..platforms import platform_of
from ..platforms.msvc_runtime import RUNTIMES, is_debug_runtime, misfits
from .ways import base_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..model.audit import PlatformAudit
    from .libraries import Library


class Refusal(Record):
    """Why a library is refused, as the end of a sentence, and what to do instead."""

    reason: str
    hint: str


_LIBC = "it is the system's C library"
_DRIVERS = re.compile(
    r"""
    libcuda\.so | libnvidia-[a-z] | libnvcuvid\.so | libnvoptix\.so | libGLX_ | libEGL_ | libvulkan_
    | libhsa-runtime64\.so | libdrm | libze_intel_ | libigdgmm | libOpenCL\.so
    | nvcuda\.dll | nvml\.dll | OpenCL\.dll
    """,
    re.VERBOSE,
)
"""How the files of GPU drivers begin: they fit one version of a kernel module, and come with it.

Sources: NVIDIA Linux driver README, "Installed Components"; https://rocm.docs.amd.com; Khronos' OpenCL and Vulkan loaders,
which look for the drivers of the machine.
"""


def refused_names(part: PlatformAudit) -> Iterator[tuple[str, Refusal]]:
    """Yield the names to be included of what every process has from the system, or is Python itself."""
    platform = platform_of(part.family)
    for link in part.included:
        name = link.need.library
        base = base_name(name)
        need = Need(library=base)
        # What it is for counts, and no file is for another libc than the first.
        is_supplied = platform.supplies(part.files[0], need, part.basis.kind)
        hint = f"the system has it: take {name} out of include"
        if platform.is_libc(base):
            yield name, Refusal(reason=_LIBC, hint=hint)
        elif platform.is_python(base):
            yield name, Refusal(reason="it is Python itself", hint=hint)
        elif is_supplied is not None:
            yield name, Refusal(reason="the system supplies it", hint=hint)


def refusals(
    part: PlatformAudit,
    libraries: Iterable[Library],
) -> Iterator[tuple[Library, Refusal]]:
    """Yield the libraries that must not be bundled, with the reasons."""
    once = tuple(libraries)
    users = [*part.files]
    # What is copied uses the same runtime.
    for library in once:
        users += library.slices
    modules = {
        code.path: code.slice for code in users if isinstance(code.slice, PeSlice)
    }
    for library in once:
        # The file behind a link may have another name than the one that is asked for.
        names = (*library.names, library.source)
        bases = [name.rpartition("/")[2] for name in names]
        # A link to it may have any name: its own tells as well.
        own = library.slices[0].slice.name or ""
        refusal = _of_libc(part, [*bases, own])
        refusal = refusal or _of_driver(bases) or _of_debug_runtime(bases)
        refusal = refusal or _too_old(library, modules)
        if refusal is not None:
            yield library, refusal


def _of_libc(part: PlatformAudit, names: list[str]) -> Refusal | None:
    platform = platform_of(part.family)
    if not any(map(platform.is_libc, names)):
        return None
    return Refusal(
        reason=_LIBC,
        hint="link the library that needs it with the C library that Python has",
    )


def _of_driver(names: list[str]) -> Refusal | None:
    for name in names:
        if _DRIVERS.match(name):
            return Refusal(
                reason="it is part of a driver, and has to fit the machine's",
                hint=f'the machine has it: tool.truewheel.exclude = ["{name}"], or --exclude {name}',
            )
    return None


def _of_debug_runtime(names: list[str]) -> Refusal | None:
    for name in names:
        if is_debug_runtime(name):
            return Refusal(
                reason="it is for debugging alone, and may not be passed on",
                hint="build with CMAKE_BUILD_TYPE=Release",
            )
    return None


def _too_old(
    library: Library,
    modules: Mapping[str, PeSlice],
) -> Refusal | None:
    """Return why a runtime of Visual C++ may crash a module, if it may."""
    runtime = library.slices[0].slice
    name = library.names[0].lower()
    if name not in RUNTIMES or not isinstance(runtime, PeSlice):
        return None
    for misfit in misfits(name, runtime, modules):
        if misfit.kind.is_fatal:
            wanted, found = (
                ".".join(map(str, one)) for one in (misfit.wanted, misfit.found)
            )
            return Refusal(
                reason=f"it is version {found}, and {misfit.module} asks for {wanted}: {misfit.kind.value}",
                hint="take the runtime of the compiler that built the modules, or a newer one (--search DIR)",
            )
    return None

"""The build backend: the hooks of PEP 517 and PEP 660, and nothing else.

Each hook is its URL, one request and one call of the pipeline. What stops it goes through ``boundary.py``. Importing this
module imports nothing else of truewheel: front ends import it before they ask for anything.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model.build_record import NothingKept
    from .model.built import Built
    from .model.request import Request

ConfigSettings = Mapping[str, str | Sequence[str] | bool] | None


def get_requires_for_build_wheel(config_settings: ConfigSettings = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-wheel"""
    return _requires("wheel", config_settings)


def get_requires_for_build_editable(
    config_settings: ConfigSettings = None,
) -> list[str]:
    """https://peps.python.org/pep-0660/#get-requires-for-build-editable"""
    return _requires("editable", config_settings)


def get_requires_for_build_sdist(config_settings: ConfigSettings = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-sdist"""
    return _requires("sdist", config_settings)


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: ConfigSettings = None
) -> str:
    """https://peps.python.org/pep-0517/#prepare-metadata-for-build-wheel"""
    return _prepare("metadata_wheel", metadata_directory, config_settings)


def prepare_metadata_for_build_editable(
    metadata_directory: str, config_settings: ConfigSettings = None
) -> str:
    """https://peps.python.org/pep-0660/#prepare-metadata-for-build-editable"""
    return _prepare("metadata_editable", metadata_directory, config_settings)


def build_wheel(
    wheel_directory: str,
    config_settings: ConfigSettings = None,
    metadata_directory: str | None = None,
) -> str:
    """https://peps.python.org/pep-0517/#build-wheel"""
    return _build("wheel", wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str,
    config_settings: ConfigSettings = None,
    metadata_directory: str | None = None,
) -> str:
    """https://peps.python.org/pep-0660/#build-editable"""
    return _build("editable", wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: ConfigSettings = None) -> str:
    """https://peps.python.org/pep-0517/#build-sdist"""
    with _boundary():
        from . import pipeline

        made = pipeline.build_sdist(_request("sdist", sdist_directory, config_settings))
        if made.notes:
            from . import boundary
            from .report.wheels import sdist_summary

            style = boundary.style_for(sys.stderr)
            boundary.say(sdist_summary(made.path.name, made.notes, style))
        return made.path.name


def _requires(product: str, config_settings: ConfigSettings) -> list[str]:
    with _boundary():
        from . import pipeline

        return pipeline.requires(_request(product, ".", config_settings))


def _prepare(product: str, directory: str, config_settings: ConfigSettings) -> str:
    with _boundary():
        from . import pipeline

        return pipeline.prepare_metadata(_request(product, directory, config_settings))


def _build(
    product: str,
    directory: str,
    config_settings: ConfigSettings,
    metadata_directory: str | None,
) -> str:
    """Build a wheel in the kept environment when there can be one, else here; returns its file name."""
    with _boundary():
        from .system.warm import reexec

        output = _absolute(directory)
        prepared = _absolute(metadata_directory) if metadata_directory else None
        try:
            return reexec.call(
                f"build_{product}", [output, config_settings, prepared], os.environ
            )
        # The kept environment is a matter of speed: without it the build goes on in this process.
        except reexec.Refused as refused:
            refusal = refused.reason
        from . import pipeline

        built = pipeline.build(
            _request(product, directory, config_settings, metadata_directory)
        )
        _summarise(built, refusal)
        return built.wheel.path.name


def _absolute(directory: str) -> str:
    return os.path.abspath(directory)  # noqa: PTH100  # as text, which another process is told


def _summarise(built: Built, refusal: NothingKept | None) -> None:
    """Print the summary of a build, and what the project has to say after it.

    :param refusal: why the build environment was not kept; ``None`` when it lasts by itself.
    """
    from . import boundary
    from .report.wheels import build_summary

    note = built.warmth.phrase if built.warmth is not None else ""
    # That the environment cannot be kept is why the build area could not be, either: it explains more.
    if note and refusal is not None:
        note = refusal.phrase
    style = boundary.style_for(sys.stderr)
    boundary.say(
        build_summary(
            built.wheel.path.name,
            built.wheel.size,
            built.verdict,
            style,
            note=note,
            did_without=built.notes,
            repairs=built.repairs,
        )
    )
    if built.message:
        boundary.say(built.message)


def _request(
    product: str,
    output: str,
    config_settings: ConfigSettings,
    metadata_directory: str | None = None,
) -> Request:
    """Return the call as a value; hooks run in the source directory (PEP 517)."""
    from .model.request import Product, Request

    # Relative paths mean the directory that the hook is called in, so they are made absolute at once.
    prepared = Path(metadata_directory).absolute() if metadata_directory else None
    return Request(
        product=Product(product),
        source=Path.cwd(),
        output=Path(output).absolute(),
        config_settings={
            key: _as_text(value) for key, value in (config_settings or {}).items()
        },
        metadata_directory=prepared,
        environ=dict(os.environ),
    )


def _as_text(value: str | Sequence[str] | bool) -> str | tuple[str, ...]:  # noqa: FBT001  # as front ends pass it
    """Return the value of a config setting: front ends pass strings, lists of them, and some pass booleans."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return tuple(value)


@contextlib.contextmanager
def _boundary() -> Iterator[None]:
    """Turn what stops a hook into a text and an exit code; mistakes of ours stay tracebacks."""
    try:
        with _without_garbage_collection():
            yield
    except Exception as error:
        code = _stop(error)
        if code is None:
            raise
        # Front ends read the exit code of the process in which a hook runs; pyproject-hooks passes it on.
        raise SystemExit(code) from None
    except KeyboardInterrupt as error:
        raise SystemExit(_stop(error)) from None


def _stop(error: BaseException) -> int | None:
    from . import boundary

    return boundary.stop_hook(error)


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Look for no cyclic garbage inside, and leave what is there afterwards out of later searches.

    A hook mostly imports, which leaves no garbage, and looking for it takes a twentieth of a hook's own time
    (``benchmarks/overhead.py``).
    """
    # PyPy and GraalPy collect everything that way, not cycles alone.
    if not gc.isenabled() or sys.implementation.name != "cpython":
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

"""The build backend: the hooks of PEP 517 and PEP 660, and nothing else.

Each hook is one request, one call, behind one boundary that turns errors into text and an exit code.
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
    from .model.request import Request
    from .report import Style

ConfigSettings = Mapping[str, str | Sequence[str] | bool] | None


def get_requires_for_build_wheel(config_settings: ConfigSettings = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-wheel"""
    return _requires("wheel", config_settings)


def get_requires_for_build_editable(config_settings: ConfigSettings = None) -> list[str]:
    """https://peps.python.org/pep-0660/#get-requires-for-build-editable"""
    return _requires("editable", config_settings)


def get_requires_for_build_sdist(config_settings: ConfigSettings = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-sdist"""
    return _requires("sdist", config_settings)


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """https://peps.python.org/pep-0517/#prepare-metadata-for-build-wheel"""
    return _prepare("metadata_wheel", metadata_directory, config_settings)


def prepare_metadata_for_build_editable(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """https://peps.python.org/pep-0660/#prepare-metadata-for-build-editable"""
    return _prepare("metadata_editable", metadata_directory, config_settings)


def build_wheel(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """https://peps.python.org/pep-0517/#build-wheel"""
    return _build("wheel", wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """https://peps.python.org/pep-0660/#build-editable"""
    return _build("editable", wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: ConfigSettings = None) -> str:
    """https://peps.python.org/pep-0517/#build-sdist"""
    with _boundary():
        from . import pipeline  # noqa: PLC0415  # a hook's only import

        return pipeline.build_sdist(_request("sdist", sdist_directory, config_settings)).name


def _requires(product: str, config_settings: ConfigSettings) -> list[str]:
    with _boundary():
        from . import pipeline  # noqa: PLC0415

        return pipeline.requires(_request(product, ".", config_settings))


def _prepare(product: str, directory: str, config_settings: ConfigSettings) -> str:
    with _boundary():
        from . import pipeline  # noqa: PLC0415

        return pipeline.prepare_metadata(_request(product, directory, config_settings))


def _build(product: str, directory: str, config_settings: ConfigSettings, metadata_directory: str | None) -> str:
    with _boundary():
        from .system import relocation  # noqa: PLC0415

        absolute = [os.path.abspath(d) if d else None for d in (directory, metadata_directory)]  # noqa: PTH100
        try:
            return relocation.call(f"build_{product}", [absolute[0], config_settings, absolute[1]])
        except relocation.Refused as refused:
            reason = str(refused)
        from . import pipeline  # noqa: PLC0415

        built = pipeline.build(_request(product, directory, config_settings, metadata_directory))
        from . import report  # noqa: PLC0415

        note = f"from nothing: {reason}" if reason and built.note else built.note
        _say(report.summary(built.wheel.path.name, built.wheel.size, built.verdict, _style(), note=note))
        if built.message:
            _say(built.message)
        return built.wheel.path.name


def _request(
    product: str, output: str, config_settings: ConfigSettings, metadata_directory: str | None = None
) -> Request:
    """The call as a value; hooks run in the source directory (PEP 517)."""
    from .model.request import Product, Request  # noqa: PLC0415

    settings = {
        key: value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else tuple(value)
        for key, value in (config_settings or {}).items()
    }
    return Request(
        product=Product(product),
        source=Path.cwd(),
        output=Path(output).absolute(),
        config_settings=settings,
        metadata_directory=Path(metadata_directory).absolute() if metadata_directory else None,
    )


@contextlib.contextmanager
def _boundary() -> Iterator[None]:
    """What a user did wrong, or a compiler refused, is text and an exit code; only our own mistakes are tracebacks."""
    from .model.diagnostics import TruewheelError  # noqa: PLC0415

    try:
        with _undisturbed():
            yield
    except TruewheelError as error:
        from . import report  # noqa: PLC0415

        _say(report.error(error, _style()))
        raise SystemExit(int(error.exit_code)) from None
    except OSError as error:
        from . import report  # noqa: PLC0415
        from .model.machine import of_the_machine  # noqa: PLC0415

        told = of_the_machine(error, home=os.getcwd())  # noqa: PTH109
        if told is None:
            raise

        _say(report.error(told, _style()))
        raise SystemExit(int(told.exit_code)) from None
    except ImportError as error:
        if not (error.name or "").startswith("scikit_build_core"):
            raise
        _say(
            f"error: this scikit-build-core is not one that truewheel works with ({error})\n  hint: require scikit-build-core<2"
        )
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        _say("truewheel: interrupted; nothing was written")
        raise SystemExit(130) from None


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Without looking for cyclic garbage: a hook mostly imports, which leaves none, and looking takes a twentieth of its
    own time. What is there afterwards is to stay."""
    if not gc.isenabled() or sys.implementation.name != "cpython":  # others collect everything that way
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _say(text: str) -> None:
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)  # noqa: T201  # the backend's voice


def _style() -> Style:
    from .report import Style  # noqa: PLC0415

    return Style(colour=sys.stderr.isatty() and not os.environ.get("NO_COLOR"))

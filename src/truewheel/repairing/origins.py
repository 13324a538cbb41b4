"""Where copied libraries come from, for whoever reads that one of them keeps a wheel from its promise."""

from __future__ import annotations

import contextlib

from ..model.errors import VerdictError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..model.bundled import BundledFile


@contextlib.contextmanager
def telling_origins(bundled: Iterable[BundledFile]) -> Iterator[None]:
    """Add to a verdict where the copied libraries come from that it speaks of.

    :raises VerdictError: the one that was raised inside, with a line for each of these libraries.
    """
    try:
        yield
    except VerdictError as error:
        named = {finding.where for finding in error.findings}
        origins = [_origin(file) for file in bundled if file.path in named]
        if not origins:
            raise
        raise VerdictError(
            error.message,
            findings=error.findings,
            context=(*error.context, *origins),
            hint=error.hint,
        ) from error


def _origin(file: BundledFile) -> str:
    """Return a line that tells where a copy comes from."""
    told = f"{file.path} is a copy of {file.source}"
    if file.package is None:
        return told
    return f"{told}, {file.package.name} {file.package.version}"

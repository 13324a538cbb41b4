"""The variant that a build is told to make: its label and properties from the settings, ``[variant]`` of the project. Pure.

Sources: PEP 825 and PEP 850, drafts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..model.errors import Problem
from ..model.variant_file import read_variant_file, variant_file_text
from ..model.variants import ALPHABET, LEVELS, NULL, Property, Variant, parse_property
from ..model.wheel_name import is_label

_PROPERTIES = "truewheel.variant"
_LABEL = "truewheel.variant-label"


def declared_variant(
    label: str, properties: Iterable[str], table: object
) -> tuple[Variant | None, tuple[Problem, ...]]:
    """Return the variant that a build is told to make, and every mistake in that.

    :param properties: ``namespace :: feature :: value`` each.
    :param table: ``[variant]`` of ``pyproject.toml``, which the drafts define, or ``None``.
    """
    texts = list(properties)
    if not label and not texts:
        return None, ()
    parsed = filter(None, map(parse_property, texts))
    variant = Variant(label=label, properties=tuple(parsed))
    mistakes = [*_mistakes_in_texts(texts), *_mistakes_in_levels(variant)]
    # The later ones would only repeat what the earlier say.
    mistakes = mistakes or list(_mistakes_in_label(variant))
    mistakes = mistakes or list(_mistakes_in_table(variant, table))
    return variant, tuple(mistakes)


def _mistakes_in_texts(texts: Iterable[str]) -> Iterator[Problem]:
    """Yield the texts that are not properties."""
    for text in texts:
        if parse_property(text) is None:
            yield Problem(
                where=_PROPERTIES,
                message=f"{text!r} is not a valid property",
                hint="x86_64 :: level :: v3",
            )


def _mistakes_in_levels(variant: Variant) -> Iterator[Problem]:
    """Yield the levels of x86-64 that there are not."""
    for value in variant.values("x86_64", "level"):
        if value not in LEVELS:
            prop = Property(namespace="x86_64", feature="level", value=value)
            yield Problem(
                where=_PROPERTIES,
                message=f"{prop} is not a level of that CPU",
                hint=f"one of {', '.join(LEVELS)}",
            )


def _mistakes_in_label(variant: Variant) -> Iterator[Problem]:
    """Yield what is wrong with the label: it goes with properties, and only ``null`` goes without."""
    if not variant.label:
        yield Problem(
            where=_LABEL,
            message="is missing",
            hint="it names the variant in the file name, x86_64_v3",
        )
    elif not is_label(variant.label):
        yield Problem(
            where=_LABEL,
            message=f"{variant.label!r} is not a valid label",
            hint=f"{ALPHABET}: x86_64_v3",
        )
    elif variant.label == NULL and variant.properties:
        yield Problem(
            where=_LABEL,
            message="null is the variant without properties",
            hint="leave out variant, or rename it",
        )
    elif variant.label != NULL and not variant.properties:
        yield Problem(
            where=_PROPERTIES,
            message=f"{variant.label} has no properties",
            hint="only null has none",
        )


def _mistakes_in_table(variant: Variant, table: object) -> Iterator[Problem]:
    """Yield what is wrong with ``[variant]``: without who ranks and detects properties, no installer takes the wheel."""
    providers = table.get("providers") if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(providers, dict) or not providers:
        yield Problem(
            where="variant",
            message="the table is missing, or has no providers",
            hint="[variant.default-priorities] and [variant.providers.NAMESPACE] tell installers who knows the properties",
        )
        return
    unknown = sorted(set(variant.namespaces) - set(providers))
    if unknown:
        yield Problem(
            where="variant.providers",
            message=f"has none for {', '.join(unknown)}",
            hint="one for each namespace",
        )
    yield from _providers_that_would_run(providers)
    for mistake in read_variant_file(
        variant_file_text(variant, table).decode()
    ).mistakes:
        yield Problem(where="variant", message=mistake, hint="see PEP 825 and PEP 850")


def _providers_that_would_run(providers: dict[str, Any]) -> Iterator[Problem]:
    """Yield the providers that would have to be installed and run to know what the build's machine has."""
    for name, provider in providers.items():
        if isinstance(provider, dict) and "build-requires" in provider:
            yield Problem(
                where=f"variant.providers.{name}.build-requires",
                message="providers are not run here",
                hint="state what it would answer as static-properties",
            )

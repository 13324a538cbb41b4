"""Wheel variants as values: properties, and labels that stand for several of them. Nothing is judged here.

The text of ``variant.json`` is in ``variant_file.py``. Sources: PEP 825 (names and labels) and PEP 850, both drafts.
"""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NULL = "null"
"""The label that is reserved for a variant without properties: it runs wherever its tags say."""
LEVELS = ("v1", "v2", "v3", "v4")
"""Values of ``x86_64 :: level``: the microarchitecture levels of the x86-64 psABI."""
ALPHABET = "lower-case letters, digits, _ and ."
"""What labels are made of, in words."""
_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_IN_VALUES = _IN_NAMES | {"."}


class Property(Record):
    """One property: what a system must have, ``x86_64 :: level :: v3``."""

    namespace: str
    feature: str
    value: str

    def __str__(self) -> str:
        """Return the property as people write it.

        >>> str(Property(namespace="x86_64", feature="level", value="v3"))
        'x86_64 :: level :: v3'
        """
        return f"{self.namespace} :: {self.feature} :: {self.value}"


class Variant(Record):
    """A label, and the properties that it stands for. Of several values of one feature, one will do.

    Properties are sorted and unique: the order in which they were given leaves no trace.
    """

    label: str
    properties: tuple[Property, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "properties", _sorted_and_unique(self.properties))

    def __str__(self) -> str:
        """Return label and properties."""
        properties = ", ".join(map(str, self.properties)) or "no properties"
        return f"{self.label} ({properties})"

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Whose properties they are."""
        return tuple(dict.fromkeys(prop.namespace for prop in self.properties))

    def values(self, namespace: str, feature: str) -> tuple[str, ...]:
        """Return the values of one feature."""
        wanted = (namespace, feature)
        found = []
        for prop in self.properties:
            if (prop.namespace, prop.feature) == wanted:
                found.append(prop.value)
        return tuple(found)


def _sorted_and_unique(properties: Iterable[Property]) -> tuple[Property, ...]:
    """Return every property once, in order of namespace, feature and value."""
    unique = {(prop.namespace, prop.feature, prop.value): prop for prop in properties}
    return tuple(unique[key] for key in sorted(unique))


def is_name(text: object) -> bool:
    """Return whether ``text`` can name a namespace or a feature."""
    return isinstance(text, str) and bool(text) and _IN_NAMES.issuperset(text)


def is_value(text: object) -> bool:
    """Return whether ``text`` can be a feature's value."""
    return isinstance(text, str) and bool(text) and _IN_VALUES.issuperset(text)


def parse_property(text: str) -> Property | None:
    """Return a property as people write it, ``None`` if the text is not one.

    >>> parse_property("x86_64::level::v3") == parse_property(" x86_64 :: level :: v3 ")
    True
    >>> parse_property("x86_64 :: level")
    """
    # Blanks around the colons are for people, and mean nothing.
    parts = [part.strip() for part in text.split("::")]
    if len(parts) != 3:
        return None
    namespace, feature, value = parts
    is_valid = is_name(namespace) and is_name(feature) and is_value(value)
    if not is_valid:
        return None
    return Property(
        namespace=namespace,
        feature=feature,
        value=value,
    )

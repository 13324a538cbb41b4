"""``NamedTuple``, ``Enum`` and ``IntEnum`` without ``typing`` and ``enum``, whose imports every start would pay for.

A :class:`NamedTuple` is for values of which a file has hundreds, and which nothing is worked out of; :class:`Enum` is
``enum``'s in forty lines. Type checkers see the real ones. Nothing here knows what the values mean.
"""

from __future__ import annotations

from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from enum import Enum as Enum  # noqa: PLC0414  # for others to import, as are the next two
    from enum import IntEnum as IntEnum  # noqa: PLC0414
    from typing import Any, ClassVar, TypeVar
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414

    Row = TypeVar("Row", bound=tuple[Any, ...])
else:
    from collections import _tuplegetter

    class _Row(tuple):
        """What all named tuples can do. Made here, a class takes a tenth of the time that ``collections`` does."""

        __slots__ = ()
        _fields: tuple[str, ...] = ()
        _field_defaults: ClassVar[dict[str, object]] = {}

        def __new__(cls, *values: object, **named: object) -> Any:
            # The constructor is compiled when it is first called: of many classes, rows are only made by rows().
            cls.__new__ = staticmethod(_row_constructor(cls))
            return cls.__new__(cls, *values, **named)

        def __repr__(self) -> str:
            parts = []
            for name, value in self._asdict().items():
                parts.append(f"{name}={value!r}")
            shown = ", ".join(parts)
            return f"{type(self).__name__}({shown})"

        def __getnewargs__(self) -> tuple[object, ...]:
            # For copy and pickle, which call __new__ again with each field.
            return tuple(self)

        def _asdict(self) -> dict[str, object]:
            return dict(zip(self._fields, self, strict=True))

        def _replace(self, **changes: object) -> Any:
            return type(self)(**{**self._asdict(), **changes})

    class _NamedTupleType(type):
        def __new__(cls, name, bases, namespace):
            """Return a named tuple with the annotations as fields, and the methods and docstring of the class."""
            # NamedTuple itself is an ordinary class: only what is derived from it is a tuple.
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            fields = tuple(namespace["__annotations__"])
            defaults = {}
            getters = {}
            for place, field in enumerate(fields):
                # Out of the class's body: a default there would hide the getter of the same name.
                if field in namespace:
                    defaults[field] = namespace.pop(field)
                getters[field] = _tuplegetter(place, f"Field {place}.")
            own = {
                "__slots__": (),
                "_fields": fields,
                "_field_defaults": defaults,
                "__match_args__": fields,
            }
            return type(name, (_Row,), {**own, **getters, **namespace})

    class _EnumType(type):
        """The class of enumerations: each value in a class's body becomes a member."""

        def __new__(cls, name, bases, namespace):
            """Return the class, with a member in the place of each value."""
            made = super().__new__(cls, name, bases, namespace)
            made._members = {}
            # A member of IntEnum has to hold its number: only int's own constructor puts it there.
            is_number = issubclass(made, int)
            for key, value in namespace.items():
                # Methods and properties are no members, nor is what Python adds (__module__).
                if key.startswith("_") or hasattr(value, "__get__"):
                    continue
                member = int.__new__(made, value) if is_number else object.__new__(made)
                member.name, member.value = key, value
                made._members[value] = member
                setattr(made, key, member)
            return made

        def __call__(cls, value):
            # As enum has it, calling the class looks a member up: there is never a second one of a value.
            if value not in cls._members:
                raise ValueError(f"{value!r} is not a valid {cls.__name__}")
            return cls._members[value]

        def __iter__(cls):
            return iter(cls._members.values())

        def __len__(cls):
            return len(cls._members)

    class Enum(metaclass=_EnumType):
        """As in ``enum``, without its import, which takes a twentieth of the time of ``truewheel show``."""

        def __repr__(self):
            return f"<{type(self).__name__}.{self.name}: {self.value!r}>"

        def __str__(self):
            return f"{type(self).__name__}.{self.name}"

        def __reduce__(self):
            return type(self), (self.value,)  # a copy is the member itself

    class IntEnum(int, Enum):
        """As in ``enum``: its members are numbers."""

    class NamedTuple(metaclass=_NamedTupleType):
        """As in ``typing``, without its import, which costs every start three milliseconds."""


def _row_constructor(made: Any) -> Callable[..., Any]:
    """Compile what ``collections.namedtuple`` compiles for each class."""
    known = {f"default_{name}": value for name, value in made._field_defaults.items()}
    takes = []
    for name in made._fields:
        if name in made._field_defaults:
            takes.append(f"{name}=default_{name}")
        else:
            takes.append(name)
    parameters = ", ".join(takes)
    values = ", ".join(made._fields)
    # As namedtuple does: the text is made of names in our own source, never of anything that was read.
    source = f"lambda cls, {parameters}: new(cls, ({values},))"
    constructor: Callable[..., Any] = eval(source, {**known, "new": tuple.__new__})  # noqa: S307
    return constructor


def rows(made: type[Row], values: Iterable[tuple[Any, ...]]) -> map[Row]:
    """Return named tuples made of plain ones that have every field, in order.

    It takes two thirds of the time that calling the class takes.

    >>> class Point(NamedTuple):
    ...     x: int
    ...     y: int = 0
    >>> list(rows(Point, [(1, 2), (3, 4)]))
    [Point(x=1, y=2), Point(x=3, y=4)]
    """
    # Past the class's own constructor, which would sort out keywords and defaults for each row.
    return map(partial(tuple.__new__, made), values)

"""Frozen values: what ``dataclass(frozen=True, kw_only=True, slots=True)`` makes, without its price at import.

``dataclasses`` writes and compiles source code for every class, which took longer than all else that ``truewheel show``
does for a small wheel. Here the fields are read off the annotations, and one set of methods serves every class; a class of
which many records are made gets a constructor of its own then. Type checkers take a record for a dataclass (PEP 681), and
so do ``dataclasses.fields``, ``replace`` and ``asdict``. Its light companions are in
``light_types.py``. Nothing here knows what the values mean.
"""

from __future__ import annotations

from operator import attrgetter

from .light_types import Enum, IntEnum, NamedTuple, rows

__all__ = [
    "Enum",
    "IntEnum",
    "NamedTuple",
    "Record",
    "parts",
    "replace",
    "rows",
    "worked_out",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    import dataclasses
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, TypeVar

    from typing_extensions import dataclass_transform

    R = TypeVar("R", bound="Record")
    T = TypeVar("T")
else:

    def dataclass_transform(**_):  # typing's own is newer than our oldest Python
        return lambda made: made


_MANY = 48
"""Records of one class from which on it pays to compile a constructor for it."""


class _Shape:
    """What there is to know of one class of records.

    :param fields: annotations by name, inherited ones first.
    :param defaults: of the fields that may be left out.
    """

    __slots__ = (
        "defaults",
        "fields",
        "made",
        "optional",
        "owner",
        "required",
        "values",
    )

    # Worked out when the first record is made: of most classes that a command imports it makes none.
    required: tuple[tuple[str, Callable[[Any, Any], None]], ...]
    optional: tuple[tuple[str, Callable[[Any, Any], None], Any], ...]
    values: Callable[[Any], object]

    def __init__(
        self, owner: type, fields: Mapping[str, str], defaults: Mapping[str, Any]
    ) -> None:
        self.owner = owner
        self.fields = fields
        self.defaults = defaults
        self.made = 0

    def __getattr__(self, name: str) -> Any:
        """Work out the slots that are still empty, and return one of them."""
        if name not in ("required", "optional", "values"):
            raise AttributeError(name)
        required, optional = [], []
        for field in self.fields:
            # A slot's own setter goes past __setattr__, which refuses to set anything.
            put = getattr(self.owner, field).__set__
            if field in self.defaults:
                optional.append((field, put, self.defaults[field]))
            else:
                required.append((field, put))
        self.required, self.optional = tuple(required), tuple(optional)
        # attrgetter() takes at least one name; records without fields are all alike, as their class.
        self.values = attrgetter(*self.fields) if self.fields else type
        return getattr(self, name)


class _RecordType(type):
    """The class of record classes: annotations become slots."""

    __shape__: _Shape

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
    ) -> _RecordType:
        """Return the class: its annotations are slots, its defaults are kept beside it."""
        # Record itself. Its one slot holds what worked_out() remembers, for slots allow no other attribute.
        if not bases:
            namespace["__slots__"] = ("_worked_out",)
            made = super().__new__(cls, name, bases, namespace)
            made.__shape__ = _Shape(made, {}, {})
            return made
        fields: dict[str, str] = namespace.get("__annotations__", {})
        defaults = {}
        for field in fields:
            # Python refuses a class whose slot has the name of a class attribute.
            if field in namespace:
                defaults[field] = namespace.pop(field)
        namespace["__slots__"] = tuple(fields)
        # Each class has its own constructor, for that of its base may be compiled for that one's fields.
        namespace.setdefault("__init__", Record.__dict__["__init__"])
        made = super().__new__(cls, name, bases, namespace)
        # Inherited fields come first, as in dataclasses; a field given anew keeps its place and gets the new default.
        for base in bases:
            inherited = getattr(base, "__shape__", None)
            if inherited is not None and inherited.fields:
                fields = {**inherited.fields, **fields}
                defaults = {**inherited.defaults, **defaults}
        made.__shape__ = _Shape(made, fields, defaults)
        return made


def _compiled(made: type, shape: _Shape) -> Callable[..., None]:
    """Return a constructor for one class: it does what ``Record.__init__`` does, and looks at no shape.

    For ``Point`` below: ``def __init__(self, *, x, y=default_y): put_x(self, x); put_y(self, y)``.
    """
    known: dict[str, Any] = {}
    parameters, lines = [], []
    for name in shape.fields:
        known[f"put_{name}"] = getattr(made, name).__set__
        lines.append(f"put_{name}(self, {name})")
        if name in shape.defaults:
            known[f"default_{name}"] = shape.defaults[name]
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
    # Few classes check or order what they were given, and a call takes time.
    if getattr(made, "__post_init__") is not Record.__dict__["__post_init__"]:  # noqa: B009
        lines.append("self.__post_init__()")
    source = f"def __init__(self, *, {', '.join(parameters)}):\n " + "\n ".join(lines)
    # As dataclasses do: the text is made of names in our own source, never of anything that was read.
    exec(source, known)  # noqa: S102
    constructor: Callable[..., None] = known["__init__"]
    return constructor


def _as_field(defaults: Mapping[str, Any], name: str) -> Any:
    """Return what ``dataclasses`` calls a field."""
    import dataclasses

    if name not in defaults:
        return dataclasses.field()
    value = defaults[name]
    # Up to Python 3.11 defaults have to be hashable there, which immutable mappings are not.
    if type(value).__hash__ is None:
        return dataclasses.field(default_factory=lambda: value)
    return dataclasses.field(default=value)


class _AsDataclass:
    """``__dataclass_fields__``, made when ``dataclasses`` asks for it."""

    def __get__(
        self, _: object, owner: _RecordType
    ) -> dict[str, dataclasses.Field[Any]]:
        """Return the fields as ``dataclasses`` knows them."""
        # Whoever asks has imported it.
        import dataclasses

        shape = owner.__shape__
        fields = []
        for name, kind in shape.fields.items():
            fields.append((name, kind, _as_field(shape.defaults, name)))
        # A Field gets its name and type only when a dataclass is made of it.
        twin = dataclasses.make_dataclass(owner.__name__, fields, kw_only=True)
        return {field.name: field for field in dataclasses.fields(twin)}


@dataclass_transform(frozen_default=True, kw_only_default=True, eq_default=True)
class Record(metaclass=_RecordType):
    """A value with named parts that never change: compared, hashed and shown by them.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> Point(x=1), Point(x=1) == Point(x=1, y=0)
    (Point(x=1, y=0), True)

    :raises TypeError: when a field without a default is missing, or an argument is not a field.
    """

    if TYPE_CHECKING:
        _worked_out: ClassVar[dict[object, Any]]
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    else:
        __dataclass_fields__ = _AsDataclass()

        def __init__(self, **given):
            """Set every field, and count the record: a class of many gets a constructor of its own."""
            shape = type(self).__shape__
            shape.made += 1
            if shape.made >= _MANY and shape.fields:
                type(self).__init__ = _compiled(type(self), shape)
            try:
                for name, put in shape.required:
                    put(self, given.pop(name))
            except KeyError:
                raise TypeError(f"{type(self).__name__}() needs {name}") from None
            for name, put, default in shape.optional:
                put(self, given.pop(name, default))
            # What is left over is a slip of the pen, which would otherwise be lost in silence.
            if given:
                raise TypeError(f"{type(self).__name__}() has no {', '.join(given)}")
            self.__post_init__()

        def __post_init__(self):
            """For classes that check or order what they were given."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(
            f"{type(self).__name__} is frozen: {name} cannot be deleted"
        )

    def __eq__(self, other: object) -> bool:
        values = type(self).__shape__.values
        # As dataclasses: a record of a derived class is another value, though all fields be equal.
        return type(self) is type(other) and values(self) == values(other)

    def __hash__(self) -> int:
        return hash(type(self).__shape__.values(self))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        """Return how ``pickle`` makes it anew in another process: by its fields, for nothing can be set afterwards."""
        return _made_of, (type(self), parts(self))

    def __repr__(self) -> str:
        """``Point(x=1, y=0)``."""
        shown = []
        for name, value in parts(self).items():
            shown.append(f"{name}={value!r}")
        fields = ", ".join(shown)
        return f"{type(self).__name__}({fields})"


def _made_of(made: type[R], values: dict[str, Any]) -> R:
    return made(**values)


def parts(record: Record) -> dict[str, Any]:
    """Return the fields of a record with their values, in the order of its class."""
    return {name: getattr(record, name) for name in type(record).__shape__.fields}


def replace(record: R, **changes: Any) -> R:
    """Return a copy of ``record`` with other values in some fields.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> replace(Point(x=1), y=2)
    Point(x=1, y=2)
    """
    return type(record)(**{**parts(record), **changes})


def worked_out(function: Callable[[R], T]) -> Callable[[R], T]:
    """Return a function of one record that is worked out once for each: records never change.

    >>> class Point(Record):
    ...     x: int
    >>> @worked_out
    ... def shown(point):
    ...     print("working")
    ...     return str(point.x)
    >>> point = Point(x=1)
    >>> shown(point), shown(point)
    working
    ('1', '1')
    """

    def remembered(record: R) -> T:
        """Return what was worked out before, or work it out."""
        found: T
        try:
            found = record._worked_out[function]  # noqa: SLF001
        except AttributeError:
            # The first question to this record: most are never asked, and have no dictionary.
            _remember(record, {})
        except KeyError:
            # Other questions were put to it, this one was not.
            pass
        else:
            return found
        found = record._worked_out[function] = function(record)  # noqa: SLF001
        return found

    remembered.__name__, remembered.__doc__ = function.__name__, function.__doc__
    return remembered


_remember: Callable[[Record, dict[object, Any]], None] = Record.__dict__[
    "_worked_out"
].__set__

"""Frozen values: what ``dataclass(frozen=True, kw_only=True, slots=True)`` makes, without its price at import.

``dataclasses`` writes and compiles source code for every class, which took longer than all else that ``truewheel show``
does for a small wheel. Here the fields are read off the annotations, and one set of methods serves every class; a class of
which many records are made gets a constructor of its own then. Type checkers take a record for a dataclass (PEP 681), and
so do ``dataclasses.fields``, ``replace`` and ``asdict``. A :class:`NamedTuple` is for values of which a file has
hundreds, and which nothing is worked out of. :class:`Enum` is ``enum``'s in forty lines, for the same reason. Nothing here knows what
the values mean.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import dataclasses
    from collections.abc import Callable, Iterable, Mapping
    from enum import Enum as Enum  # noqa: PLC0414  # for others to import, as are the next two
    from enum import IntEnum as IntEnum  # noqa: PLC0414
    from typing import Any, ClassVar, TypeVar
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414

    from typing_extensions import dataclass_transform

    R = TypeVar("R", bound="Record")
    T = TypeVar("T")
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
            parts = [f"{name}={value!r}" for name, value in self._asdict().items()]
            return f"{type(self).__name__}({', '.join(parts)})"

        def __getnewargs__(self) -> tuple[object, ...]:
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
            defaults = {
                field: namespace.pop(field) for field in fields if field in namespace
            }
            getters = {
                field: _tuplegetter(place, f"Field {place}.")
                for place, field in enumerate(fields)
            }
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
            made = super().__new__(cls, name, bases, namespace)
            made._members = {}
            for key, value in namespace.items():
                if key.startswith("_") or hasattr(
                    value, "__get__"
                ):  # a method or a property
                    continue
                member = (
                    int.__new__(made, value)
                    if issubclass(made, int)
                    else object.__new__(made)
                )
                member.name, member.value = key, value
                made._members[value] = member
                setattr(made, key, member)
            return made

        def __call__(cls, value):
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

    def dataclass_transform(**_):  # noqa: D103  # typing's own is newer than our oldest Python
        return lambda made: made


def _row_constructor(made: Any) -> Callable[..., Any]:
    """Compile what ``collections.namedtuple`` compiles for each class."""
    known = {f"default_{name}": value for name, value in made._field_defaults.items()}
    takes = [
        f"{name}=default_{name}" if name in made._field_defaults else name
        for name in made._fields
    ]
    source = f"lambda cls, {', '.join(takes)}: new(cls, ({', '.join(made._fields)},))"
    constructor: Callable[..., Any] = eval(source, {**known, "new": tuple.__new__})  # noqa: S307
    return constructor


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
        if not bases:
            namespace["__slots__"] = ("_worked_out",)
            made = super().__new__(cls, name, bases, namespace)
            made.__shape__ = _Shape(made, {}, {})
            return made
        fields: dict[str, str] = namespace.get("__annotations__", {})
        defaults = {}
        for field in fields:
            if field in namespace:
                defaults[field] = namespace.pop(field)
        namespace["__slots__"] = tuple(fields)
        # Each class has its own constructor, for that of its base may be compiled for that one's fields.
        namespace.setdefault("__init__", Record.__dict__["__init__"])
        made = super().__new__(cls, name, bases, namespace)
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
        # Whoever asks has imported it.
        import dataclasses

        shape = owner.__shape__
        fields = [
            (name, kind, _as_field(shape.defaults, name))
            for name, kind in shape.fields.items()
        ]
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
        return type(self) is type(other) and values(self) == values(other)

    def __hash__(self) -> int:
        return hash(type(self).__shape__.values(self))

    def __repr__(self) -> str:
        """``Point(x=1, y=0)``."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in parts(self).items())})"


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


def rows(made: type[Row], values: Iterable[tuple[Any, ...]]) -> map[Row]:
    """Return named tuples made of plain ones that have every field, in order.

    It takes two thirds of the time that calling the class takes.

    >>> class Point(NamedTuple):
    ...     x: int
    ...     y: int = 0
    >>> list(rows(Point, [(1, 2), (3, 4)]))
    [Point(x=1, y=2), Point(x=3, y=4)]
    """
    return map(partial(tuple.__new__, made), values)


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

"""Values: frozen, compared by what they hold, and quick to make."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from truewheel.model.record import (
    Enum,
    IntEnum,
    NamedTuple,
    Record,
    parts,
    replace,
    rows,
    worked_out,
)


class Point(Record):
    x: int
    y: int = 0


class Spot(Point):
    colour: str
    y: int = 7


class Sorted(Record):
    numbers: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", tuple(sorted(self.numbers)))


def test_equal_values_are_equal_and_hash_alike() -> None:
    assert Point(x=1) == Point(y=0, x=1)
    assert Point(x=1) != Point(x=2)
    assert len({Point(x=1), Point(x=1, y=0), Point(x=3)}) == 2


def test_values_of_different_classes_differ() -> None:
    assert Spot(x=1, y=0, colour="red") != Point(x=1, y=0)


def test_inherited_fields_come_first_and_defaults_may_change() -> None:
    assert parts(Spot(colour="red", x=1)) == {"x": 1, "y": 7, "colour": "red"}
    assert repr(Spot(colour="red", x=1)) == "Spot(x=1, y=7, colour='red')"


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(TypeError, match=r"Point\(\) needs x"):
        Point(y=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Point\(\) has no z"):
        Point(x=1, z=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Point(1)  # type: ignore[misc]


def test_a_value_cannot_be_changed() -> None:
    point = Point(x=1)
    with pytest.raises(AttributeError, match="frozen"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del point.x
    with pytest.raises(AttributeError):
        point.z = 2  # type: ignore[attr-defined]
    assert not hasattr(point, "__dict__")


def test_a_class_may_put_what_it_is_given_in_order() -> None:
    assert Sorted(numbers=(3, 1)).numbers == (1, 3)
    assert replace(Sorted(numbers=()), numbers=(2, 1)).numbers == (1, 2)


def test_functions_of_dataclasses_work() -> None:
    spot = Spot(x=1, colour="red")
    assert dataclasses.is_dataclass(Spot)
    assert [field.name for field in dataclasses.fields(spot)] == ["x", "y", "colour"]
    assert [field.default for field in dataclasses.fields(Point)] == [
        dataclasses.MISSING,
        0,
    ]
    assert dataclasses.replace(spot, x=2) == Spot(x=2, colour="red")
    assert replace(spot, x=2) == Spot(x=2, colour="red")
    assert dataclasses.asdict(spot) == parts(spot)


@pytest.mark.parametrize("made", [0, 200])
def test_values_are_the_same_before_and_after_a_class_is_compiled(made: int) -> None:
    class Base(Record):
        x: int
        y: tuple[int, ...] = ()

    class Below(Base):
        z: str = "z"

        def __post_init__(self) -> None:
            object.__setattr__(self, "y", tuple(sorted(self.y)))

    for _ in range(made):
        assert Base(x=1) == Base(y=(), x=1)
    for _ in range(made):
        assert Below(x=1, y=(3, 2)).y == (2, 3)
    assert parts(Base(x=1, y=(3, 2))) == {"x": 1, "y": (3, 2)}
    assert parts(Below(x=1, y=(3, 2))) == {"x": 1, "y": (2, 3), "z": "z"}
    with pytest.raises(TypeError, match="x"):
        Base(y=(1,))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="z"):
        Base(x=1, z="")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Base(1)  # type: ignore[misc]


def test_what_follows_from_a_record_is_worked_out_once_for_each() -> None:
    calls = []

    @worked_out
    def doubled(point: Point) -> int:
        calls.append(point)
        return 2 * point.x

    one, alike = Point(x=1), Point(x=1)
    assert [doubled(one), doubled(one), doubled(alike), doubled(replace(one, x=4))] == [
        2,
        2,
        2,
        8,
    ]
    assert len(calls) == 3
    assert one == alike
    assert repr(one) == "Point(x=1, y=0)"


# --- named tuples -----------------------------------------------------------------------------------------------


class Row(NamedTuple):
    x: int
    y: int = 0

    @property
    def total(self) -> int:
        return self.x + self.y


def test_a_row_has_names_defaults_and_methods() -> None:
    row = Row(1)
    assert row == (1, 0) == Row(x=1, y=0)
    assert (row.x, row.y, row.total) == (1, 0, 1)
    assert repr(row) == "Row(x=1, y=0)"


def test_a_row_cannot_be_changed_but_replaced() -> None:
    row = Row(1, 2)
    with pytest.raises(AttributeError):
        row.x = 2  # type: ignore[misc]
    assert row._replace(y=5) == Row(1, 5)
    assert row._asdict() == {"x": 1, "y": 2}


def test_a_row_refuses_wrong_arguments() -> None:
    with pytest.raises(TypeError):
        Row()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Row(1, 2, 3)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Row(1, z=2)  # type: ignore[call-arg]


def test_a_row_can_be_matched_and_copied_to_another_process() -> None:
    match Row(1, 2):
        case Row(x, y):
            assert (x, y) == (1, 2)
        case _:
            pytest.fail("a row matches the pattern of its class")
    again = pickle.loads(pickle.dumps(Row(1, 2)))
    assert (type(again), again) == (Row, Row(1, 2))


class Sent(Record):
    """A record with a default, and one that is worked out."""

    x: int
    y: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        assert self.x > 0


def test_a_record_is_copied_to_another_process() -> None:
    for record in (Sent(x=1), Sent(x=2, y=(3,))):
        again = pickle.loads(pickle.dumps(record))
        assert (type(again), again) == (Sent, record)
        assert copy.deepcopy(record) == record


def test_many_rows_are_made_at_once() -> None:
    made = list(rows(Row, [(1, 2), (3, 4)]))
    assert made == [Row(1, 2), Row(3, 4)]
    assert all(type(row) is Row for row in made)


class Colour(Enum):
    """With a method, which is no member."""

    RED = "red"
    GREEN = "green"

    def shout(self) -> str:
        return f"{self.value}!"


class Level(IntEnum):
    LOW = 0
    HIGH = 1


def test_members_of_an_enumeration_are_as_those_of_enum() -> None:
    assert list(Colour) == [Colour.RED, Colour.GREEN]
    assert len(Colour) == 2
    assert Colour("red") is Colour.RED
    assert (Colour.RED.name, Colour.RED.value, Colour.RED.shout()) == (
        "RED",
        "red",
        "red!",
    )
    assert (repr(Colour.RED), str(Colour.RED)) == ("<Colour.RED: 'red'>", "Colour.RED")
    assert isinstance(Colour.RED, Colour)
    assert {Colour.RED: 1}[Colour.RED] == 1
    assert Colour.RED != Colour.GREEN
    with pytest.raises(ValueError, match="'blue' is not a valid Colour"):
        Colour("blue")


def test_members_of_an_enumeration_of_numbers_are_numbers() -> None:
    assert (int(Level.HIGH), max(Level), Level(1)) == (1, Level.HIGH, Level.HIGH)
    assert Level.LOW < Level.HIGH
    assert Level.HIGH == 1


@pytest.mark.parametrize("member", [Colour.GREEN, Level.HIGH])
def test_a_copy_of_a_member_is_the_member(member: Colour | Level) -> None:
    assert copy.deepcopy(member) is member
    assert copy.copy(member) is member
    assert pickle.loads(pickle.dumps(member)) is member

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xq.errors import ImpureStrategy, UnknownName, UsageError
from xq.strategy.base import Exits, Strategy, latch, param


class Subject(Strategy):
    length: int = param(20, low=2, high=100, unit="bars")
    width: float = param(2, low=0.5)
    short: bool = param(False)
    side: str = param("both", choices=("both", "long"))


class Heir(Subject):
    length: int = param(30, low=2, high=100)


def test_parameters_are_typed_and_named() -> None:
    assert list(Subject.parameters) == ["length", "width", "short", "side"]
    assert Subject().values == {"length": 20, "width": 2.0, "short": False, "side": "both"}
    assert isinstance(Subject().width, float)
    assert Heir().length == 30
    assert Subject().length == 20


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("length", "50", 50),
        ("length", 50.0, 50),
        ("width", "2.5", 2.5),
        ("width", 3, 3.0),
        ("short", "true", True),
        ("short", "No", False),
        ("short", 1, True),
        ("side", "long", "long"),
    ],
)
def test_overrides_are_read(name: str, given: object, value: object) -> None:
    found = Subject(**{name: given}).values[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("length", 1, "length must be a whole number between 2 and 100 bars, found 1"),
        ("length", 2.5, "length must be a whole number"),
        ("length", True, "length must be a whole number"),
        ("length", "many", "found many"),
        ("length", None, "found None"),
        ("width", 0.1, "width must be a number of at least 0.5, found 0.1"),
        ("width", "nan", "width must be a number"),
        ("width", "inf", "width must be a number"),
        ("short", "perhaps", "short must be true or false"),
        ("side", "short", "side must be one of both, long, found short"),
    ],
)
def test_overrides_are_refused(name: str, given: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Subject(**{name: given})
    assert message in caught.value.message
    assert caught.value.hint
    assert caught.value.hint.startswith(f"--param {name}=")


def test_unknown_parameters_are_suggested() -> None:
    with pytest.raises(UnknownName, match="did you mean 'length'"):
        Subject(lenght=3)


def test_a_default_must_be_legal() -> None:
    with pytest.raises(UsageError, match="the default must be a whole number between 5 and 9"):
        param(3, low=5, high=9)
    with pytest.raises(UsageError, match=r"length is declared int, but its default is 2\.5"):
        type("Odd", (Strategy,), {"__annotations__": {"length": int}, "length": param(2.5)})


def test_an_instance_keeps_nothing() -> None:
    with pytest.raises(ImpureStrategy, match=r"self\.seen"):
        Subject().seen = 1
    with pytest.raises(ImpureStrategy):
        Subject().length = 5


def test_contradictions_are_the_authors_to_refuse() -> None:
    class Careful(Subject):
        def check(self) -> None:
            if self.length > 50 and self.short:
                raise ValueError("not both")

    assert Careful(length=60).length == 60
    with pytest.raises(ValueError, match="not both"):
        Careful(length=60, short=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stop_loss": 0},
        {"stop_loss": 1.0},
        {"take_profit": -0.1},
        {"trailing_stop": 5},
        {"max_bars": 0},
    ],
)
def test_exits_are_fractions(wrong: dict[str, float]) -> None:
    assert Exits(stop_loss=0.05, take_profit=2.0, trailing_stop=0.1, max_bars=5).max_bars == 5
    with pytest.raises(UsageError):
        Exits(**wrong)


def _by_hand(enter: list[bool], leave: list[bool], max_bars: int) -> list[bool]:
    held, since = [], None
    for t, (begins, ends) in enumerate(zip(enter, leave, strict=True)):
        if ends:
            since = None
        elif begins:
            since = t
        if since is not None and t - since >= max_bars:
            since = None
        held.append(since is not None)
    return held


signals = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(signals, st.integers(1, 20))
def test_latch_is_the_loop_it_stands_for(pairs: list[tuple[bool, bool]], max_bars: int) -> None:
    enter, leave = (list(line) for line in zip(*pairs, strict=True))
    found = latch(np.array(enter), np.array(leave), max_bars)
    assert found.tolist() == _by_hand(enter, leave, max_bars)


@given(signals, st.integers(1, 20), st.data())
def test_latch_forgets_after_max_bars(
    pairs: list[tuple[bool, bool]], max_bars: int, data: st.DataObject
) -> None:
    enter, leave = np.array(pairs).T
    row = data.draw(st.integers(0, len(enter) - 1))
    window = slice(max(row - max_bars + 1, 0), row + 1)
    whole = latch(enter, leave, max_bars)[row]
    assert latch(enter[window], leave[window], max_bars)[-1] == whole
    assert latch(enter[: row + 1], leave[: row + 1], max_bars)[-1] == whole


def test_latch_keeps_columns_apart() -> None:
    enter = np.array([[True, False], [False, True], [False, False]])
    leave = np.zeros((3, 2), bool)
    assert latch(enter, leave, 2).tolist() == [[True, False], [True, True], [False, True]]


def test_latch_refuses_numbers() -> None:
    with pytest.raises(UsageError, match="comparisons"):
        latch(np.array([np.nan]), np.array([False]), 3)
    with pytest.raises(UsageError, match="max_bars"):
        latch(np.array([True]), np.array([False]), 0)

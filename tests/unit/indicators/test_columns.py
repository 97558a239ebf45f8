from collections.abc import Iterable

import numpy as np
import pytest

from xq.indicators.columns import over_columns


def _total(*lines: np.ndarray) -> tuple[np.ndarray, ...]:
    return (np.cumsum(sum(lines)),)


def _apply(*inputs: Iterable[object]) -> np.ndarray:
    return over_columns(_total, inputs, 1)[0]


def test_a_hole_in_any_input_ends_the_run_in_that_column_only() -> None:
    nan, inf = np.nan, np.inf
    first = [[1.0, 1.0], [nan, 1.0], [1.0, 1.0], [1.0, 1.0]]
    second = [[1.0, 1.0], [1.0, 1.0], [1.0, inf], [1.0, 1.0]]
    found = _apply(first, second)
    assert np.array_equal(found, [[2, 2], [nan, 4], [2, nan], [4, 2]], equal_nan=True)


def test_a_line_of_times_serves_every_column() -> None:
    assert _apply([10, 20], [[1.0, 2.0], [1.0, 2.0]]).tolist() == [[11, 12], [32, 34]]


def test_nothing_but_holes_is_nothing() -> None:
    assert np.isnan(_apply([np.nan, np.nan])).all()
    assert _apply([]).shape == (0,)


def test_inputs_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="of one shape"):
        _apply([1.0, 2.0], [[1.0], [2.0], [3.0]])
    with pytest.raises(ValueError, match="of one shape"):
        _apply([[1.0, 2.0]], [[1.0]])
    with pytest.raises(ValueError, match="of one shape"):
        _apply(np.zeros((1, 1, 1)))


def test_the_input_is_not_written() -> None:
    values = np.ones((3, 1))
    values.flags.writeable = False
    assert _apply(values).flags.writeable


def test_results_share_no_memory() -> None:
    values = np.ones(3)
    one, two = over_columns(lambda line: (line, line), (values,), 2)
    one[0], two[1] = 5, 7
    assert values.tolist() == [1, 1, 1]
    assert (one.tolist(), two.tolist()) == ([5, 1, 1], [1, 7, 1])


def test_no_column_gives_no_column() -> None:
    assert _apply(np.ones((3, 0))).shape == (3, 0)

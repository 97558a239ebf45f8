"""Carry a function of one-dimensional runs over ``(T, N)`` blocks, column by column.

A bar that is not finite in any input ends a run: nothing is carried across it, so a hole costs
one warm-up and never poisons what follows or hides what came before.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

Arrays = tuple[np.ndarray, ...]


def over_columns(compute: Callable[..., Arrays], inputs: Sequence[object], outputs: int) -> Arrays:
    """Apply ``compute`` to every unbroken run of every column.

    Parameters
    ----------
    compute
        Takes one contiguous float64 array per input, returns ``outputs`` arrays of that length.
    inputs
        ``(T,)`` or ``(T, N)`` array-likes of one length; a ``(T,)`` input serves every column.

    Returns
    -------
    tuple of arrays
        As many as ``outputs``, of the widest input's shape, NaN where there is no value.

    Raises
    ------
    ValueError
        If the inputs do not have the same shape.
    """
    blocks = [np.asarray(value, dtype=np.float64) for value in inputs]
    shape = max((block.shape for block in blocks), key=len)
    for block in blocks:
        if block.shape not in (shape, shape[:1]) or len(shape) not in (1, 2):
            raise ValueError(f"inputs must be (T,) or (T, N) of one shape, found {block.shape}")
    columns = shape[1] if len(shape) == 2 else 1
    first = [_column(block, 0) for block in blocks] if columns else []
    if columns == 1 and shape[0] and _whole(first).all():
        return tuple(value.reshape(shape) for value in _apart(compute(*first), first))
    results = tuple(np.full(shape, np.nan) for _ in range(outputs))
    for column in range(columns):
        lines = [_column(block, column) for block in blocks]
        for start, stop in _runs(lines):
            values = compute(*(line[start:stop] for line in lines))
            for result, value in zip(results, values, strict=True):
                target = result[:, column] if result.ndim == 2 else result
                target[start:stop] = value
    return results


def _column(block: np.ndarray, column: int) -> np.ndarray:
    return np.ascontiguousarray(block if block.ndim == 1 else block[:, column])


def _apart(values: Arrays, lines: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """The results, each an array of its own."""
    seen = [id(line) for line in lines]
    for value in values:
        yield value.copy() if id(value) in seen else value
        seen.append(id(value))


def _whole(lines: Sequence[np.ndarray]) -> np.ndarray:
    whole: np.ndarray = np.isfinite(lines[0])
    for line in lines[1:]:
        whole &= np.isfinite(line)
    return whole


def _runs(lines: Sequence[np.ndarray]) -> Iterator[tuple[int, int]]:
    whole = _whole(lines)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], whole, [False])).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)

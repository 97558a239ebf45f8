"""New rows held against the stored rows of the same key, before anything is written."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xq.lake import arrays
from xq.lake.schema import Kind

_NOISE = 1e-12  # relative: what printing and reading a float64 again may change


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored row and the new row of the same key that says something else."""

    stored: dict[str, object]
    given: dict[str, object]

    @property
    def column(self) -> str:
        """The first column that differs; of bars the close, if it is among them."""
        names = [name for name in self.given if _differs(self.stored[name], self.given[name])]
        return "close" if "close" in names else names[0]


@dataclass(slots=True)
class Review:
    """What an upsert meets, and who decides about it.

    Parameters
    ----------
    decide
        Called once, under the dataset's lock and before the first byte is written, if stored
        rows differ; raises to refuse, or returns to let the new rows replace them.
    """

    kind: Kind
    decide: Callable[["Review"], None]
    compared: int = 0
    _stored: list[pa.Table] = field(default_factory=list)
    _given: list[pa.Table] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what was met: the upsert is done anew on what another writer left."""
        self.compared = 0
        self._stored.clear()
        self._given.clear()

    def admit(self, stored: pa.Table, fresh: pa.Table) -> pa.Table:
        """The new rows worth writing; those that say what is stored are left out as stored.

        Both tables are sorted and unique by key. A value that the new row leaves open, or that
        differs by less than 1e-12 of itself, says nothing new.
        """
        at, own = _common(stored, fresh, self.kind)
        if not len(at):
            return fresh
        before, given = stored.take(arrays.rows_at(at)), fresh.take(arrays.rows_at(own))
        filled, differs = _compared(before, given, self.kind)
        self.compared += len(at)
        rows = np.flatnonzero(differs)
        if len(rows):
            self._stored.append(before.take(arrays.rows_at(rows)))
            self._given.append(given.take(arrays.rows_at(rows)))
        keep = np.ones(fresh.num_rows, dtype=bool)
        keep[own] = False
        both = pa.concat_tables([fresh.take(arrays.rows_at(np.flatnonzero(keep))), filled])
        return both.sort_by([(name, "ascending") for name in self.kind.key])

    def settle(self) -> None:
        """Have it decided, if anything differs."""
        if self.count:
            self.decide(self)

    @property
    def count(self) -> int:
        """Stored rows that the new rows contradict."""
        return sum(table.num_rows for table in self._stored)

    def first(self) -> Difference:
        """The earliest of them."""
        return Difference(self._stored[0].to_pylist()[0], self._given[0].to_pylist()[0])

    def differences(self) -> list[Difference]:
        """All of them, in the order of their keys."""
        before = [row for table in self._stored for row in table.to_pylist()]
        given = [row for table in self._given for row in table.to_pylist()]
        return [Difference(*pair) for pair in zip(before, given, strict=True)]


def _common(stored: pa.Table, fresh: pa.Table, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the keys that both tables have, in key order."""
    if kind.key == ("ts",):
        times = arrays.times(stored["ts"]), arrays.times(fresh["ts"])
        _, at, own = np.intersect1d(*times, assume_unique=True, return_indices=True)
        return at, own
    names = list(kind.key)
    left, right = (
        table.select(names).append_column(f"row_{side}", pa.array(np.arange(table.num_rows)))
        for side, table in (("stored", stored), ("fresh", fresh))
    )
    met = left.join(right, names, join_type="inner").sort_by("row_fresh")
    return (np.asarray(met["row_stored"], np.int64), np.asarray(met["row_fresh"], np.int64))


def _compared(before: pa.Table, given: pa.Table, kind: Kind) -> tuple[pa.Table, np.ndarray]:
    """The new rows with open values and noise filled from the stored ones; which still differ."""
    differs = np.zeros(given.num_rows, dtype=bool)
    columns = []
    for item in kind.schema:
        old, new = before[item.name], given[item.name]
        says_less = arrays.flags(new) & ~arrays.flags(old)
        if pa.types.is_floating(item.type):
            same = _close(old, new)
        elif pa.types.is_list(item.type):
            pairs = zip(old.to_pylist(), new.to_pylist(), strict=True)
            same = np.array([a == b for a, b in pairs], dtype=bool)
        else:
            same = np.asarray(pc.equal(old, new).fill_null(False), dtype=bool)
        same |= says_less | (arrays.flags(new) & arrays.flags(old))
        learnt = arrays.flags(old) & ~arrays.flags(new)
        differs |= ~same & ~learnt
        columns.append(pc.if_else(pa.array(same), old, new))
    return pa.Table.from_arrays(columns, schema=kind.schema), differs


def _close(old: pa.ChunkedArray, new: pa.ChunkedArray) -> np.ndarray:
    a, b = (arrays.numbers(pc.fill_null(column, np.nan)) for column in (old, new))
    near = np.abs(a - b) <= _NOISE * np.maximum(np.abs(a), np.abs(b))
    return np.asarray((a == b) | near | (np.isnan(a) & np.isnan(b)), dtype=bool)


def _differs(stored: object, given: object) -> bool:
    if isinstance(stored, float) and isinstance(given, float):
        return not bool(_close(pa.chunked_array([[stored]]), pa.chunked_array([[given]]))[0])
    return given is not None and stored is not None and stored != given

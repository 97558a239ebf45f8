"""What a question can name, and files for its answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from xq.api.workspace import Workspace
from xq.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Table:
    """One view of the lake: its name and what its rows are."""

    name: str
    about: str


def tables() -> list[Table]:
    """Every view a statement may read, kinds first."""
    from xq.lake.sql_views import views

    return [Table(view.name, view.about) for view in views().values()]


def parameter_names(sql: str) -> frozenset[str]:
    """The ``$parameters`` of a statement; none if it cannot be read."""
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error:
        return frozenset()
    return frozenset(str(name) for item in statements for name in item.named_parameters)


def statement_of(path: Path) -> str:
    """The text of a file.

    Raises
    ------
    UsageError
        If it is missing, a folder, closed to the user or no text.
    """
    if path.is_dir():
        raise UsageError("expected a file, found a folder", where=str(path))
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("expected text in UTF-8", where=str(path)) from None
    except FileNotFoundError:
        raise UsageError("no such file", where=str(path)) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot read the statement: {reason}", where=str(path)) from error


@contextmanager
def whole_file(path: Path, *, replace: bool) -> Iterator[TextIO]:
    """A file that is there whole when the context ends well, and as before when it does not."""
    from xq.lake import exporter

    with exporter.whole_file(path, replace=replace) as sink:
        yield sink


def first_rows(answer: "pa.RecordBatchReader", limit: int) -> "tuple[pa.Table, bool]":
    """At most ``limit`` rows of an answer, and whether there are more."""
    import pyarrow as pa

    batches, held = [], 0
    for batch in answer:
        batches.append(batch)
        held += batch.num_rows
        if held > limit:
            break
    return pa.Table.from_batches(batches, answer.schema).slice(0, limit), held > limit


class Counted:
    """The batches of an answer, and how many rows of it were taken."""

    def __init__(self, answer: "pa.RecordBatchReader") -> None:
        import pyarrow as pa

        self.rows = 0
        self.answer = pa.RecordBatchReader.from_batches(answer.schema, self._batches(answer))

    def _batches(self, answer: "pa.RecordBatchReader") -> "Iterator[pa.RecordBatch]":
        for batch in answer:
            self.rows += batch.num_rows
            yield batch


def about_nothing(ws: Workspace, sql: str, parameters: Mapping[str, str]) -> str | None:
    """What a person should know about an answer without rows, if anything."""
    from xq.lake.sql_hints import about_nothing as hint

    return hint(ws.lake, sql, parameters.values())

"""Questions over the whole lake: one SELECT, views over every kind, nothing writable."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from xq.errors import FileReplaced, UsageError
from xq.lake import layout, sql_guard, sql_names, sql_prune, sql_views, store
from xq.lake.format import check_format
from xq.lake.schema import KINDS, MARKET
from xq.lake.sql_errors import explain
from xq.lake.sql_files import Seen, seen
from xq.lake.trust import at_hand, proven_kinds

if TYPE_CHECKING:
    import duckdb

_BATCH = 10_000
_TRIES = 20  # DuckDB opens a file twice, and a writer may replace it in between
_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})


def query(root: Path, sql: str, parameters: Mapping[str, str] = _NO_PARAMETERS) -> pa.Table:
    """The whole answer of one SELECT over the lake's views.

    Parameters
    ----------
    parameters
        Values of ``$name`` in the statement. They are bound, never part of the text; a value
        acts as the same characters in quotes would.

    Raises
    ------
    UsageError
        If it is no SELECT, or the SQL is wrong; ``where`` shows the place.
    CorruptFile
        If a file that the query needs is not what was committed.
    StorageFailed
        If a folder cannot be listed or a file not be read: never fewer rows.
    """
    left = _TRIES
    while True:
        with stream(root, sql, parameters) as reader:
            try:
                return reader.read_all()
            except FileReplaced:
                left -= 1
                if not left:
                    raise


@contextmanager
def stream(
    root: Path, sql: str, parameters: Mapping[str, str] = _NO_PARAMETERS
) -> Iterator[pa.RecordBatchReader]:
    """The answer of one SELECT in batches; leaving the context stops what is still computed.

    Columns of one name are told apart by a number: ``close``, ``close_1``.

    Raises
    ------
    UsageError, CorruptFile
        As `query`; also while batches are read.
    FileReplaced
        If a writer replaces a file while batches are read.
    """
    root = root.absolute()
    with ExitStack() as stack:
        reader, first, worker, files = _begun(root, sql, parameters, stack)
        schema = sql_names.renamed(reader.schema)
        batches = sql_names.under(schema, _batches(reader, first, files, worker))
        yield pa.RecordBatchReader.from_batches(schema, batches)


class _Files(NamedTuple):
    root: Path
    seen: Seen


_Begun = tuple[pa.RecordBatchReader, pa.RecordBatch | None, ThreadPoolExecutor, _Files]


def _begun(root: Path, sql: str, parameters: Mapping[str, str], stack: ExitStack) -> _Begun:
    """The answer with its first batch, asked anew while writers replace what is being opened."""
    left = _TRIES
    while True:
        with ExitStack() as attempt:
            connection, values, files = attempt.enter_context(_prepared(root, sql, parameters))
            worker = attempt.enter_context(_interrupting(connection))
            try:
                reader = _reader(connection, sql, values, files, worker)
                with _explained(files):
                    first = worker.submit(next, reader, None).result()
            except FileReplaced:
                left -= 1
                if not left:
                    raise
                continue
            stack.enter_context(attempt.pop_all())
            return reader, first, worker, files


@contextmanager
def _prepared(
    root: Path, sql: str, parameters: Mapping[str, str]
) -> "Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str] | None, _Files]]":
    """A connection with the views a statement needs, their files proven."""
    connection = _open(root)
    try:
        reading = sql_guard.require_select(connection, sql)
        values = sql_guard.bound(reading, parameters)
        wanted = _wanted(reading, values)
        with store.of(root).snapshot():
            at_hand(root, _kinds_read(reading), wanted)
            files = _Files(root, seen(root, _kinds_read(reading), wanted))
            with _explained(files):
                sql_views.create(connection, files.seen.files, _needed(reading))
            _lock_down(connection, root)
            proven_kinds(root, _kinds_read(reading), wanted)
        yield connection, values, files
    finally:
        connection.close()


@contextmanager
def _interrupting(connection: "duckdb.DuckDBPyConnection") -> Iterator[ThreadPoolExecutor]:
    """A thread to compute in: DuckDB does not notice Ctrl-C itself, leaving this ends it."""
    worker = ThreadPoolExecutor(1, thread_name_prefix="sql")
    try:
        yield worker
    finally:
        connection.interrupt()
        worker.shutdown()


def _reader(
    connection: "duckdb.DuckDBPyConnection",
    sql: str,
    values: dict[str, str] | None,
    files: _Files,
    worker: ThreadPoolExecutor,
) -> pa.RecordBatchReader:
    import duckdb

    try:
        relation = connection.sql(sql, params=values)
    except duckdb.Error as error:
        files.seen.refuse_replaced()
        raise explain(_with_place(connection, sql, error, values), files.root, sql) from None
    with _explained(files):
        return worker.submit(relation.to_arrow_reader, _BATCH).result()


def connect(root: Path) -> "duckdb.DuckDBPyConnection":
    """A DuckDB connection in UTC with every view and macro; the caller closes it.

    Kinds without files are empty views with their columns; files that come later are seen by the
    next connection. Unlike `query`, it is not locked down: it is for notebooks.
    """
    root = root.absolute()
    connection = _open(root)
    with store.of(root).snapshot():
        at_hand(root, KINDS)
        try:
            files = _Files(root, seen(root, KINDS))
            with _explained(files):
                sql_views.create(connection, files.seen.files)
        except BaseException:
            connection.close()
            raise
    return connection


def _open(root: Path) -> "duckdb.DuckDBPyConnection":
    import duckdb

    check_format(root)
    _refuse_namesake(root)
    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
        "temp_directory": str(root / layout.META / "spill"),
    }
    connection = duckdb.connect(":memory:", config=settings)
    connection.execute("SET TimeZone = 'UTC'")
    # Its guess of how many rows are left after skipping files is far too low, and the way of
    # joining it then takes is many times slower.
    connection.execute("SET asof_loop_join_threshold = 0")
    return connection


def _refuse_namesake(root: Path) -> None:
    """DuckDB reads ``exchange=…`` anywhere in a path, and the outermost would win."""
    names = {name for kind in KINDS.values() for name in kind.partition}
    for folder in root.parts:
        if "=" in folder and folder.partition("=")[0] in names:
            raise UsageError(
                f"a folder above the lake is named like one inside it, found {folder}",
                where=str(root),
                hint="xq config explain lake.path",
            )


def _kinds_read(reading: sql_guard.Reading) -> frozenset[str]:
    """The kinds whose files a statement may read: all of them once it names a joined view."""
    needed = _needed(reading)
    if needed is None:
        return frozenset(KINDS)
    kinds = frozenset(name.removesuffix("_known") for name in needed)
    return kinds if kinds <= set(KINDS) else frozenset(KINDS)


def _wanted(
    reading: sql_guard.Reading, values: Mapping[str, str] | None
) -> dict[str, frozenset[str]]:
    """The only partition values a statement sees, where it reads one table and says so.

    Joined views join within a market: what holds for it holds for every kind in them.
    """
    kinds = _kinds_read(reading)
    names = KINDS[min(kinds)].partition if len(kinds) == 1 else MARKET
    found = sql_prune.wanted(reading.conditions, values or {})
    return {name: found[name] for name in names if name in found}


def _needed(reading: sql_guard.Reading) -> frozenset[str] | None:
    """The views a statement names; all of them (None) if it names what is none of them.

    Its author mistyped, and is to be told which names there are.
    """
    if reading.tables is None or not reading.tables <= set(sql_views.views()):
        return None
    return reading.tables


def _lock_down(connection: "duckdb.DuckDBPyConnection", root: Path) -> None:
    # Patterns are compared before they are expanded, so the escaped spelling is allowed as well.
    spellings = (str(root), sql_views.literal_glob(str(root)))
    folders = ", ".join(sql_views.text(name) for name in spellings)
    connection.execute(f"SET allowed_directories = [{folders}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _batches(
    reader: pa.RecordBatchReader,
    first: pa.RecordBatch | None,
    files: _Files,
    worker: ThreadPoolExecutor,
) -> Iterator[pa.RecordBatch]:
    batch = first
    while batch is not None:
        yield batch
        with _explained(files):
            batch = worker.submit(next, reader, None).result()


@contextmanager
def _explained(files: _Files) -> Iterator[None]:
    import duckdb

    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        files.seen.refuse_replaced()
        raise explain(error, files.root) from None


def _with_place(
    connection: "duckdb.DuckDBPyConnection",
    sql: str,
    error: "duckdb.Error",
    values: dict[str, str] | None,
) -> "duckdb.Error":
    """The same error with its LINE and caret, which only the other way of asking gives."""
    import duckdb

    if "\nLINE " in str(error):
        return error
    try:
        connection.execute(sql, values)
    except duckdb.Error as placed:
        return placed
    return error

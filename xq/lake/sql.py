"""Questions over the whole lake: one SELECT, a view per kind of dataset, nothing writable."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from xq.errors import StorageFailed, UsageError, XqError
from xq.lake import layout, parquet
from xq.lake.format import check_format
from xq.lake.schema import KINDS, Kind
from xq.lake.trust import proven_kinds

if TYPE_CHECKING:
    import duckdb

_BATCH = 10_000
_INDENT = "\n" + " " * len("  where: ")

_CLASS = re.compile(r"^(?:[A-Z][A-Za-z ]{0,30} Error: )+")

_QUERIES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_TABLE_FUNCTIONS = {
    "range", "generate_series", "unnest", "repeat", "histogram", "histogram_values", "summary",
    "json_each", "json_tree", "pg_timezone_names", "duckdb_columns", "duckdb_functions",
    "duckdb_keywords", "duckdb_types", "duckdb_views", "pragma_version",
}  # fmt: skip


def query(root: Path, sql: str) -> pa.Table:
    """The whole answer of one SELECT over the lake's views.

    Raises
    ------
    UsageError
        If it is no SELECT, or the SQL is wrong; ``where`` shows the place.
    CorruptFile
        If a file that the query needs cannot be read.
    """
    with stream(root, sql) as reader:
        return reader.read_all()


@contextmanager
def stream(root: Path, sql: str) -> Iterator[pa.RecordBatchReader]:
    """The answer of one SELECT in batches; leaving the context stops what is still computed.

    Raises
    ------
    UsageError, CorruptFile
        As `query`; also while batches are read.
    """
    import duckdb

    root = root.absolute()
    connection = connect(root)
    try:
        _lock_down(connection, root)
        _require_select(connection, sql)
        proven_kinds(root, sql)
        try:
            relation = connection.sql(sql)
        except duckdb.Error as error:
            raise _explain(_with_place(connection, sql, error), root, sql) from None
        with _explained(root):
            reader = relation.to_arrow_reader(_BATCH)
        yield pa.RecordBatchReader.from_batches(reader.schema, _batches(reader, root))
    finally:
        connection.interrupt()
        connection.close()


def connect(root: Path) -> "duckdb.DuckDBPyConnection":
    """A DuckDB connection in UTC with a view for every kind; the caller closes it.

    Kinds without files are empty views with their columns. Unlike `query`, it is not locked
    down: it is for notebooks.
    """
    import duckdb

    root = root.absolute()
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
    for kind in KINDS.values():
        try:
            connection.execute(_view(root, kind))
        except duckdb.Error as error:
            # One broken file must not take the other kinds away; asking for this one will tell.
            connection.execute(_broken_view(kind, str(error)))
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


def _view(root: Path, kind: Kind) -> str:
    if not any(layout.leaves(root, item) for item in layout.datasets(root, kind.name)):
        return f"CREATE VIEW {kind.name} AS SELECT {_typed_nulls(kind)} WHERE false"
    folders = "/*" * (len(kind.partition) + 1)
    files = _text(f"{_literal_glob(root)}/{kind.name}{folders}/{layout.PART}")
    columns = ", ".join(f'"{name}"' for name in kind.columns)
    source = f"read_parquet({files}, hive_partitioning = true, hive_types_autocast = false)"
    return f"CREATE VIEW {kind.name} AS SELECT {columns} FROM {source}"  # noqa: S608 (quoted)


def _broken_view(kind: Kind, reason: str) -> str:
    failing = f"error({_text(reason)}) IS NOT NULL"
    return f"CREATE VIEW {kind.name} AS SELECT {_typed_nulls(kind)} WHERE {failing}"


def _typed_nulls(kind: Kind) -> str:
    texts = [f'CAST(NULL AS VARCHAR) AS "{name}"' for name in kind.partition]
    typed = [f'CAST(NULL AS {_sql_type(f.type)}) AS "{f.name}"' for f in kind.schema]
    return ", ".join(texts + typed)


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"{_sql_type(kind.value_type)}[]"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE"
    names = {pa.float64(): "DOUBLE", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN"}
    return names.get(kind, "VARCHAR")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _literal_glob(root: Path) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in str(root))


def _lock_down(connection: "duckdb.DuckDBPyConnection", root: Path) -> None:
    # Patterns are compared before they are expanded, so the escaped spelling is allowed as well.
    folders = ", ".join(_text(name) for name in (str(root), _literal_glob(root)))
    connection.execute(f"SET allowed_directories = [{folders}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _require_select(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    """Judge the parsed statement: a WITH clause may hide a COPY, a function another query."""
    import duckdb

    try:
        statements = connection.extract_statements(sql)
    except duckdb.ParserException as error:
        raise _explain(error, None) from None
    except duckdb.Error as error:
        raise UsageError(f"only reading is possible: {_head(error)}") from None
    if len(statements) != 1:
        raise UsageError(f"expected one SELECT statement, found {len(statements)}")
    [(answer,)] = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    tree = json.loads(answer)
    if tree["error"]:
        kind = statements[0].type.name
        hint = "PIVOT … ON column IN (values) …" if kind == "MULTI" else None
        raise UsageError(f"expected a SELECT statement, found {kind}", hint=hint)
    for key, name in _walk(tree):
        if key == "node" and name not in _QUERIES:
            verb = name.removesuffix("_QUERY_NODE").removesuffix("_NODE")
            raise UsageError(f"only SELECT is possible, found {verb} inside the statement")
        if key == "function" and name not in _TABLE_FUNCTIONS:
            raise UsageError(f"the table function {name} is not available in xq sql")


def _walk(tree: Any) -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        kind = tree.get("type")
        if isinstance(kind, str) and kind.endswith("_NODE"):
            yield "node", kind
        if kind == "TABLE_FUNCTION":
            yield "function", str(tree["function"]["function_name"]).lower()
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from _walk(item)


def _batches(reader: pa.RecordBatchReader, root: Path) -> Iterator[pa.RecordBatch]:
    with _explained(root):
        yield from reader


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    import duckdb

    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise _explain(error, root) from None


def _with_place(
    connection: "duckdb.DuckDBPyConnection", sql: str, error: "duckdb.Error"
) -> "duckdb.Error":
    """The same error with its LINE and caret, which only the other way of asking gives."""
    import duckdb

    if "\nLINE " in str(error):
        return error
    try:
        connection.execute(sql)
    except duckdb.Error as placed:
        return placed
    return error


def _explain(error: Exception, root: Path | None, sql: str = "") -> XqError:
    import duckdb

    text = str(error)
    file = _file_named(text, root)
    if file is not None:
        if isinstance(error, duckdb.PermissionException):
            return StorageFailed("permission denied", where=str(file))
        return parquet.corrupt(file, _head(error))
    head, _, place = text.partition("\nLINE ")
    where = _INDENT.join(f"LINE {place}".rstrip().splitlines()) if place else None
    hint = None
    if isinstance(error, duckdb.CatalogException) and "Table" in head:
        hint = 'xq sql "show tables"'
    elif isinstance(error, duckdb.BinderException) and "column" in head:
        named = [name for name in KINDS if re.search(rf"\b{name}\b", sql, re.IGNORECASE)]
        hint = f'xq sql "describe {named[0]}"' if named else None
    return UsageError(_lowered(head), where=where, hint=hint)


def _file_named(text: str, root: Path | None) -> Path | None:
    if root is None or str(root) not in text or layout.PART not in text:
        return None
    start = text.index(str(root))
    stop = text.index(layout.PART, start) + len(layout.PART)
    return Path(text[start:stop]) if "*" not in text[start + len(str(root)) : stop] else None


def _head(error: Exception) -> str:
    return _lowered(str(error).partition("\nLINE ")[0])


def _lowered(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    plain = _CLASS.sub("", " ".join(lines))
    return plain[:1].lower() + plain[1:]

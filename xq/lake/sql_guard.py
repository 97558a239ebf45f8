"""Whether a statement only reads, judged on the parsed tree and never on its words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.errors import UsageError, unknown
from xq.lake.sql_errors import explain, head
from xq.lake.sql_macros import RESAMPLES
from xq.lake.sql_prune import Condition, conditions
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    import duckdb

_QUERIES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_TABLE_FUNCTIONS = {
    "range", "generate_series", "unnest", "repeat", "histogram", "histogram_values", "summary",
    "json_each", "json_tree", "pg_timezone_names", "duckdb_columns", "duckdb_functions",
    "duckdb_keywords", "duckdb_types", "duckdb_views", "pragma_version", *RESAMPLES,
}  # fmt: skip
_PATH_SIGNS = frozenset("/\\.:*?[")  # DuckDB takes an unknown table name of this form for a file

# DuckDB 2.0.0 takes the wrong partner, or none, if both sides have two key columns that are the
# same in a whole file, as the partition columns are. One compared pair of tuples is right.
_ASOF = "an ASOF join on several columns may be answered wrongly; compare them as one tuple"


@dataclass(frozen=True, slots=True)
class Reading:
    """A statement that was found to be one SELECT.

    Attributes
    ----------
    tables
        Names it reads from, lower case; None if it asks about the catalogue itself.
    parameters
        Names of its ``$parameters``.
    targets
        Timeframes that bars are resampled to; ``$name`` where a parameter tells.
    conditions
        What it demands of the rows of its only table.
    """

    tables: frozenset[str] | None
    parameters: frozenset[str]
    targets: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


def require_select(connection: "duckdb.DuckDBPyConnection", sql: str) -> Reading:
    """Judge the parsed statement: a WITH clause may hide a COPY, a function another query.

    Raises
    ------
    UsageError
        If it is not one SELECT that reads the lake's views and nothing else.
    """
    import duckdb

    try:
        statements = connection.extract_statements(sql)
    except duckdb.ParserException as error:
        raise explain(error, None) from None
    except duckdb.Error as error:
        raise UsageError(f"only reading is possible: {head(error)}") from None
    if len(statements) != 1:
        raise UsageError(
            f"expected one SELECT statement, found {len(statements)}", hint='xq sql "show tables"'
        )
    [(answer,)] = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    tree = json.loads(answer)
    if tree["error"]:
        kind = statements[0].type.name
        if kind == "SELECT":
            raise UsageError(f"the statement cannot be judged: {tree['error_message']}")
        hint = "PIVOT … ON column IN (values) …" if kind == "MULTI" else None
        raise UsageError(f"expected a SELECT statement, found {kind}", hint=hint)
    found = list(_walk(tree))
    _refuse_other(found)
    return Reading(
        _tables(found),
        frozenset(map(str, statements[0].named_parameters)),
        tuple(name for what, name in found if what == "target"),
        conditions(tree),
    )


def bound(reading: Reading, parameters: Mapping[str, str]) -> dict[str, str] | None:
    """The values of a statement's parameters; None if it has none.

    Raises
    ------
    UsageError
        If one has no value, or a value has no parameter.
    """
    missing = sorted(reading.parameters - set(parameters))
    if missing:
        raise UsageError(f"${missing[0]} has no value", hint=f"--param {missing[0]}=VALUE")
    for name in parameters:
        if name not in reading.parameters:
            raise unknown("parameter", name, sorted(reading.parameters))
    for target in reading.targets:  # DuckDB would skip every file of an unknown one, in silence
        Timeframe.parse(parameters[target[1:]] if target.startswith("$") else target)
    return dict(parameters) or None


def _refuse_other(found: list[tuple[str, str]]) -> None:
    local = {name for what, name in found if what == "cte"}
    for what, name in found:
        if what == "node" and name not in _QUERIES:
            verb = name.removesuffix("_QUERY_NODE").removesuffix("_NODE")
            raise UsageError(f"only SELECT is possible, found {verb} inside the statement")
        if what == "function" and name not in _TABLE_FUNCTIONS:
            raise UsageError(f"the table function {name} is not available in xq sql")
        if what == "asof":
            raise UsageError(_ASOF, hint="… ON (a.x, a.y) = (b.x, b.y) AND a.ts >= b.ts")
        if what == "table" and name not in local and _PATH_SIGNS & set(name):
            message = f"only the lake's views can be read, found the file {name!r}"
            raise UsageError(message, hint='xq sql "show tables"')


def _tables(found: list[tuple[str, str]]) -> frozenset[str] | None:
    if any(what == "catalogue" or name.startswith("duckdb_") for what, name in found):
        return None
    local = {name for what, name in found if what == "cte"}
    names = {name for what, name in found if what == "table" and name not in local}
    names |= {RESAMPLES[name] for what, name in found if what == "function" and name in RESAMPLES}
    return frozenset(names)


def _walk(tree: Any) -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        yield from _seen(tree)
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from _walk(item)


def _seen(tree: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = tree.get("type")
    if isinstance(kind, str) and kind.endswith("_NODE"):
        yield "node", kind
    if kind == "TABLE_FUNCTION":
        name = str(tree["function"]["function_name"]).lower()
        yield "function", name
        if name in RESAMPLES:
            yield from (("target", item) for item in _target(tree["function"]["arguments"]))
    if kind == "BASE_TABLE":
        yield "table", str(tree["table_name"]).lower()
        if str(tree.get("schema_name", "")).lower() not in ("", "main"):
            yield "catalogue", str(tree["schema_name"])
    if kind == "JOIN" and tree.get("ref_type") == "ASOF" and _equalities(tree) > 1:
        yield "asof", ""
    if kind == "SHOW_REF" and tree.get("query") is None:
        yield "catalogue", str(tree.get("table_name", ""))
    if isinstance(tree.get("cte_map"), dict):
        yield from (("cte", str(item["key"]).lower()) for item in tree["cte_map"]["map"])


def _target(arguments: list[dict[str, Any]]) -> Iterator[str]:
    for argument in arguments[:1]:
        given = argument["expression"]
        if given["class"] == "CONSTANT":
            yield str(given["literal"].get("text", "NULL"))
        elif given["class"] == "PARAMETER":
            yield f"${given['identifier']}"


def _equalities(join: dict[str, Any]) -> int:
    """Columns compared for equality; of a USING list all but the last, which is the time."""
    if join.get("using_columns"):
        return len(join["using_columns"]) - 1
    queue, found = [join.get("condition")], 0
    while queue:
        item = queue.pop()
        if isinstance(item, dict):
            queue += item.get("children") or []
            found += item.get("type") == "COMPARE_EQUAL"
    return found

"""Which datasets a statement can see, so that the files of others need not be proven or opened.

Only what is certain on the parsed tree counts: one table, named once, read straight by a SELECT
whose WHERE demands that a partition column equals a text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """A column that in every row of use equals one of some texts.

    Attributes
    ----------
    texts, parameters
        The texts, and names of ``$parameters`` that hold further ones.
    """

    column: str
    texts: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


def conditions(statement: _Tree) -> tuple[Condition, ...]:
    """What a statement demands of the rows of its only table; nothing if it reads several.

    Parameters
    ----------
    statement
        As DuckDB serializes it.
    """
    nodes = list(_nodes(statement))
    local = {str(item["key"]).lower() for node in nodes for item in _ctes(node)}
    tables = [node for node in nodes if node.get("type") == "BASE_TABLE"]
    stored = [node for node in tables if str(node["table_name"]).lower() not in local]
    functions = any(node.get("type") == "TABLE_FUNCTION" for node in nodes)
    if len(stored) != 1 or functions or not _plain(stored[0]):
        return ()
    [select] = [node for node in nodes if node.get("from_table") is stored[0]] or [{}]
    if select.get("type") != "SELECT_NODE" or select.get("sample") is not None:
        return ()
    named = {str(item.get("alias", "")).lower() for item in select["select_list"]}
    owners = {str(stored[0][key]).lower() for key in ("table_name", "alias")} - {""}
    found = (_condition(part, owners) for part in _all_of(select.get("where_clause")))
    return tuple(item for item in found if item is not None and item.column not in named)


def wanted(
    found: tuple[Condition, ...], parameters: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """The values that each column may have.

    Examples
    --------
    >>> both = (Condition("symbol", ("A/B", "C/D")), Condition("symbol", (), ("name",)))
    >>> wanted(both, {"name": "C/D"})
    {'symbol': frozenset({'C/D'})}
    """
    values: dict[str, frozenset[str]] = {}
    for item in found:
        these = frozenset([*item.texts, *(parameters[name] for name in item.parameters)])
        values[item.column] = values.get(item.column, these) & these
    return values


def _plain(table: _Tree) -> bool:
    return not (table.get("sample") or table.get("at_clause") or table.get("column_name_alias"))


def _condition(part: _Tree, owners: set[str]) -> Condition | None:
    """``column = text`` in either order, or ``column IN (text, …)``."""
    if part.get("type") == "COMPARE_EQUAL":
        sides = [part["left"], part["right"]]
        sides.sort(key=lambda side: side.get("class") != "COLUMN_REF")
    elif part.get("type") == "COMPARE_IN":
        sides = part["children"]
    else:
        return None
    column = _column(sides[0], owners)
    texts = [side["literal"]["text"] for side in sides[1:] if _is_text(side)]
    parameters = [str(side["identifier"]) for side in sides[1:] if side["class"] == "PARAMETER"]
    if column is None or len(texts) + len(parameters) != len(sides) - 1:
        return None
    return Condition(column, tuple(texts), tuple(parameters))


def _column(side: _Tree, owners: set[str]) -> str | None:
    if side.get("class") != "COLUMN_REF":
        return None
    *owner, name = (str(part).lower() for part in side["column_names"])
    return name if not owner or (len(owner) == 1 and owner[0] in owners) else None


def _is_text(side: _Tree) -> bool:
    return side.get("class") == "CONSTANT" and side["literal"].get("kind") == "STRING"


def _all_of(clause: _Tree | None) -> Iterator[_Tree]:
    if clause is None:
        return
    if clause.get("type") == "CONJUNCTION_AND":
        for child in clause["children"]:
            yield from _all_of(child)
        return
    yield clause


def _ctes(node: _Tree) -> list[_Tree]:
    found = node.get("cte_map")
    return list(found["map"]) if isinstance(found, dict) else []


def _nodes(tree: Any) -> Iterator[_Tree]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from _nodes(item)

"""Every rule, and the rows of a sheet that break one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from xq.clock import iso
from xq.lake.poison import (
    beside,
    book,
    chain,
    interest,
    magnitude,
    prices,
    reference,
    repeats,
    shape,
    tape,
    times,
    volume,
)
from xq.lake.poison.rule import Rule, Severity
from xq.lake.poison.sheet import Sheet

_ALL = tuple(
    rule
    for family in (
        shape, times, prices, magnitude, volume, repeats, tape, interest, book, chain, beside,
        reference,
    )
    for rule in family.RULES
)  # fmt: skip
RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _ALL})


@dataclass(frozen=True, slots=True)
class Sick:
    """One row that breaks one rule; rows are counted from 1."""

    row: int
    ts_ms: int
    rule: str
    severity: Severity
    message: str


def examine(sheet: Sheet, rules: Iterable[Rule] | None = None) -> Iterator[Sick]:
    """Rows that break a rule, rule by rule; nothing for true rows.

    Rules whose evidence is not there are left out.
    """
    for rule in _ALL if rules is None else rules:
        if sheet.kind not in rule.kinds or not len(sheet):
            continue
        if rule.needs is not None and not sheet.evidence.has(rule.needs):
            continue
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            hits = rule.find(sheet)
        if hits is None:
            continue
        for row in np.flatnonzero(hits.mask):
            at = int(row)
            shown = {name: _plain(values[at]) for name, values in hits.shown.items()}
            message = rule.says.format(**_values(sheet, at, rule.says), **shown)
            yield Sick(at + 1, int(sheet.ts[at]), rule.name, rule.severity, message)


def _values(sheet: Sheet, row: int, says: str) -> dict[str, Any]:
    names = [name for name in sheet.raw.column_names if name != "ts" and f"{{{name}" in says]
    cells = {name: sheet.raw[name][row].as_py() for name in names}
    return cells | {"ts": moment(int(sheet.ts[row]))}


def moment(ts_ms: int) -> str:
    """A time as text; the number itself where no calendar reaches.

    Examples
    --------
    >>> moment(0), moment(10**18)
    ('1970-01-01T00:00:00Z', '1000000000000000000')
    """
    try:
        return iso(ts_ms)
    except (ValueError, OverflowError, OSError):
        return str(ts_ms)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return float(f"{value:.8g}") if isinstance(value, float) else value

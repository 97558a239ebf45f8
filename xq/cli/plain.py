"""Values as JSON, CSV and people know them."""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

_SECOND = 1_000_000_000


def plain(value: Any) -> Any:
    """What JSON has: NaN and infinities are null, times ISO text, intervals text."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, Decimal)):
        number = float(value)
        return number if math.isfinite(number) else None
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (date, PurePath)):
        return str(value)
    if isinstance(value, Mapping) or dataclasses.is_dataclass(value):
        return {str(key): plain(item) for key, item in mapping(value).items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if is_interval(value):
        return interval(value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def mapping(record: Any) -> Mapping[str, Any]:
    """A row by column name."""
    if isinstance(record, Mapping):
        return record
    return {item.name: getattr(record, item.name) for item in dataclasses.fields(record)}


def csv_cell(value: Any) -> Any:
    """One cell; empty is null alone, what is no number says which.

    Examples
    --------
    >>> csv_cell(None), csv_cell(float("nan")), csv_cell(float("-inf")), csv_cell(1.5)
    (None, 'nan', '-inf', 1.5)
    """
    if isinstance(value, (float, Decimal)) and not math.isfinite(value):
        return str(float(value))
    shown = plain(value)
    return json.dumps(shown) if isinstance(shown, (dict, list, bool)) else shown


def is_interval(value: Any) -> bool:
    """Whether it is an interval as Arrow has them: months, days and nanoseconds."""
    return isinstance(value, tuple) and hasattr(value, "months") and hasattr(value, "nanoseconds")


def interval(value: Any) -> str:
    """An interval as SQL writes it.

    Examples
    --------
    >>> from pyarrow import MonthDayNano
    >>> interval(MonthDayNano([14, 3, 7_200_000_000_000])), interval(MonthDayNano([0, 0, 0]))
    ('14 months 3 days 02:00:00', '00:00:00')
    >>> interval(MonthDayNano([0, -1, -1_500_000_000]))
    '-1 days -00:00:01.5'
    """
    months, days, nanoseconds = value
    parts = [f"{n} {unit}" for n, unit in ((months, "months"), (days, "days")) if n]
    if nanoseconds or not parts:
        seconds, rest = divmod(abs(nanoseconds), _SECOND)
        sign = "-" if nanoseconds < 0 else ""
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        parts.append(f"{sign}{clock}{fraction}")
    return " ".join(parts)

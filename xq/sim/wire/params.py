"""Request parameters as text, read strictly; anything odd is a refusal, never a crash."""

import json
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from xq.sim.ledger import Page
from xq.sim.refusal import Reason, Refusal

_INTEGER = re.compile(r"[0-9]{1,15}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII)
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}", re.ASCII)
_MAX_FIELDS = 60

_Word = TypeVar("_Word", bound=Enum)


class Params:
    """One request's parameters.

    Examples
    --------
    >>> params = Params({"limit": "10", "symbol": "BTCUSDT"})
    >>> params.integer("limit"), params.text("symbol"), params.decimal("price")
    (10, 'BTCUSDT', None)
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def parse(cls, query: str, body: str) -> "Params":
        """Read a query string and a form body; the query wins where both name a parameter."""
        return cls(_pairs(body) | _pairs(query))

    def values(self) -> dict[str, str]:
        """Every parameter as it was sent."""
        return dict(self._values)

    def filled(self) -> "Params":
        """These without what was sent empty."""
        return Params({name: value for name, value in self._values.items() if value})

    def having(self, **values: str) -> "Params":
        """These with other values for some, or with more.

        Examples
        --------
        >>> Params({"symbol": "BTCUSDT"}).having(symbol="ETHUSDT", limit="5").values()
        {'symbol': 'ETHUSDT', 'limit': '5'}
        """
        return Params({**self._values, **values})

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str | None:
        """A parameter, or None if it was not sent; refused if empty."""
        value = self._values.get(name)
        if value == "":
            raise Refusal(Reason.EMPTY_PARAMETER, name)
        return value

    def required(self, name: str) -> str:
        """A parameter that must be there."""
        value = self._values.get(name)
        if not value:
            raise Refusal(Reason.MISSING_PARAMETER, name)
        return value

    def integer(self, name: str) -> int | None:
        """A whole number of up to fifteen digits."""
        value = self.text(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value):
            raise Refusal(Reason.MALFORMED_PARAMETER, name)
        return int(value)

    def decimal(self, name: str) -> Decimal | None:
        """An unsigned number."""
        value = self.text(name)
        if value is None:
            return None
        if not _DECIMAL.fullmatch(value):
            raise Refusal(Reason.MALFORMED_PARAMETER, name)
        return Decimal(value)

    def number(self, name: str) -> Decimal:
        """An unsigned number that must be there."""
        self.required(name)
        value = self.decimal(name)
        if value is None:
            raise Refusal(Reason.MISSING_PARAMETER, name)
        return value

    def flag(self, name: str) -> bool:
        """``true`` or ``false``; false when absent."""
        value = self.text(name)
        if value is None:
            return False
        if value.lower() not in ("true", "false"):
            raise Refusal(Reason.MALFORMED_PARAMETER, name)
        return value.lower() == "true"

    def word(self, name: str, words: type[_Word], refused_as: Reason) -> _Word:
        """A parameter that must be one of an enumeration's names, upper case."""
        value = self.required(name)
        if value not in words.__members__:
            raise Refusal(refused_as, name)
        return words[value]

    def one_of(self, name: str, allowed: Collection[str], default: str) -> str:
        """A parameter from a small set."""
        value = self.text(name)
        if value is None:
            return default
        if value not in allowed:
            raise Refusal(Reason.INVALID_DATA, name)
        return value

    def limit(self, default: int, most: int, *, capped: bool) -> int:
        """``limit``: refused when it is zero, and above ``most`` refused or cut to it."""
        value = self.integer("limit")
        if value is None:
            return default
        if value == 0 or (value > most and not capped):
            raise Refusal(Reason.INVALID_DATA, "limit")
        return min(value, most)

    def span(self) -> tuple[int | None, int | None]:
        """``startTime`` and ``endTime``."""
        start, end = self.integer("startTime"), self.integer("endTime")
        if start is not None and end is not None and start > end:
            raise Refusal(Reason.TIMES_REVERSED)
        return start, end

    def listed(self, name: str) -> list[Any]:
        """A JSON array."""
        try:
            found = json.loads(self.required(name))
        except (ValueError, RecursionError):
            raise Refusal(Reason.MALFORMED_PARAMETER, name) from None
        if not isinstance(found, list):
            raise Refusal(Reason.INVALID_DATA, name)
        return found

    def page(self, id_name: str, *, limit: int) -> Page:
        """A slice of history."""
        start, end = self.span()
        return Page(self.integer(id_name), start, end, limit)

    def client_id(self, name: str) -> str | None:
        """A client order id that follows Binance's rule."""
        value = self.text(name)
        if value is not None and not _CLIENT_ID.fullmatch(value):
            raise Refusal(Reason.BAD_CLIENT_ID, name)
        return value


def _pairs(encoded: str) -> dict[str, str]:
    if not encoded:
        return {}
    if "%" in encoded or "+" in encoded or encoded.count("&") >= _MAX_FIELDS:
        pairs = _decoded(encoded)
    else:  # nothing to decode: the same as `parse_qsl` finds, much sooner
        pairs = [part.partition("=")[::2] for part in encoded.split("&") if part]
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Refusal(Reason.DUPLICATE_PARAMETER)
    return values


def _decoded(encoded: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            encoded, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except (ValueError, UnicodeDecodeError):
        raise Refusal(Reason.MALFORMED_PARAMETER, "query") from None

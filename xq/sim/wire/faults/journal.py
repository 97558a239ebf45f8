"""The last requests and what became of them, for people who look into a fault."""

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import orjson

from xq.sim.wire.faults.fault import Call, Fault

MOST = 2000

_SECRET = frozenset({"signature", "apiKey"})
_LONGEST = 200


@dataclass(slots=True)
class Asked:
    """One request.

    Attributes
    ----------
    ts
        Venue time.
    status
        Of the answer; None while there is none, 0 if the connection was broken instead.
    code
        The venue's own number of an error.
    faults
        Names of those that struck.
    """

    number: int
    ts: int
    method: str
    path: str
    params: dict[str, str]
    owner: str
    status: int | None
    code: int | None
    faults: tuple[str, ...]


class Journal:
    """The last `MOST` requests.

    Examples
    --------
    >>> journal = Journal(most=2)
    >>> for path in ("/a", "/b", "/c"):
    ...     _ = journal.add(0, Call("GET", path), 200, {}, [])
    >>> [row["path"] for row in journal.rows(10)], [row["path"] for row in journal.rows(1)]
    (['/c', '/b'], ['/c'])
    """

    def __init__(self, most: int = MOST) -> None:
        self._rows: deque[Asked] = deque(maxlen=most)
        self.count = 0

    def add(
        self,
        now_ms: int,
        call: Call,
        status: int | None,
        payload: object,
        faults: Sequence[Fault],
    ) -> int:
        """Write a request down; its number."""
        self.count += 1
        params = {
            name: value[:_LONGEST] for name, value in call.params.items() if name not in _SECRET
        }
        names = tuple(fault.name for fault in faults)
        row = Asked(
            self.count, now_ms, call.method, call.path[:_LONGEST], params, call.owner, status,
            _code(payload), names,
        )  # fmt: skip
        self._rows.append(row)
        return self.count

    def answered(self, number: int, status: int, body: bytes) -> None:
        """Write down what a request got; nothing if it is forgotten already."""
        place = number - self.count + len(self._rows) - 1
        if place >= 0:
            payload: object = None
            if status >= 400 and len(body) < _LONGEST * 10:
                try:
                    payload = orjson.loads(body)
                except orjson.JSONDecodeError:
                    payload = None
            row = self._rows[place]
            row.status, row.code = status, _code(payload)

    def rows(self, limit: int) -> list[dict[str, Any]]:
        """The last requests, newest first."""
        return [asdict(row) for row in islice(reversed(self._rows), limit)]


def _code(payload: object) -> int | None:
    code = payload.get("code") if isinstance(payload, dict) else None
    return code if isinstance(code, int) and code < 0 else None

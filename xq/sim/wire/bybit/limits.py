"""Bybit's allowances: requests a second of each account and endpoint, and 600 in five of all.

Figures from Bybit's public table for unified accounts. Time is wall time.
"""

from collections import deque
from dataclasses import dataclass, field

from xq.sim.wire.bybit.answers import Fault

_SECOND_MS = 1000
_ALL, _ALL_MS = 600, 5000
_BAN_MS = 600_000

_PER_SECOND = {
    "/v5/order/create": 20,
    "/v5/order/amend": 10,
    "/v5/order/cancel": 20,
    "/v5/order/cancel-all": 20,
    "/v5/order/create-batch": 20,
    "/v5/order/amend-batch": 20,
    "/v5/order/cancel-batch": 20,
    "/v5/order/realtime": 50,
    "/v5/order/history": 50,
    "/v5/execution/list": 50,
    "/v5/position/list": 50,
    "/v5/position/set-leverage": 10,
    "/v5/account/wallet-balance": 50,
    "/v5/account/fee-rate": 10,
    "/v5/account/transaction-log": 30,
}
_USUAL = 10


@dataclass(slots=True)
class Allowances:
    """Who has asked how often."""

    _seen: dict[tuple[str, str], deque[int]] = field(default_factory=dict)
    _all: deque[int] = field(default_factory=deque)
    _banned_until_ms: int = 0

    def admit(self, wall_ms: int) -> None:
        """Count a request of the one address there is; a `Fault` if there were too many."""
        _forget(self._all, wall_ms - _ALL_MS)
        if wall_ms < self._banned_until_ms or len(self._all) >= _ALL:
            if wall_ms >= self._banned_until_ms:
                self._banned_until_ms = wall_ms + _BAN_MS
            raise Fault(10018, "access too frequent", status=403)
        self._all.append(wall_ms)

    def spend(self, owner: str, path: str, wall_ms: int, headers: dict[str, str]) -> None:
        """Count an account's request and say so in the answer's headers.

        Raises
        ------
        Fault
            If it was one too many within a second.
        """
        most = _PER_SECOND.get(path, _USUAL)
        seen = self._seen.setdefault((owner, path), deque())
        _forget(seen, wall_ms - _SECOND_MS)
        full = len(seen) >= most
        if not full:
            seen.append(wall_ms)
        headers["X-Bapi-Limit"] = str(most)
        headers["X-Bapi-Limit-Status"] = str(most - len(seen))
        headers["X-Bapi-Limit-Reset-Timestamp"] = str(seen[0] + _SECOND_MS if full else wall_ms)
        if full:
            raise Fault(10006, "Too many visits. Exceeded the API Rate Limit.")


def _forget(seen: deque[int], before_ms: int) -> None:
    while seen and seen[0] <= before_ms:
        seen.popleft()

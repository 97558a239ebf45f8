"""How many messages of one kind may leave: a bucket of tokens per kind."""

from dataclasses import dataclass


@dataclass
class _Bucket:
    tokens: float
    at: float
    left_out: int = 0


class Rationed:
    """Lets ``burst`` messages of a kind through in a row, then one every so many seconds.

    Examples
    --------
    >>> ration = Rationed(burst=2, every_seconds=60)
    >>> [ration.admit("error", at) for at in (0, 0, 0, 30, 60)]
    [0, 0, None, None, 2]
    """

    def __init__(self, burst: int, every_seconds: float) -> None:
        self._burst, self._every = burst, every_seconds
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, kind: str, now: float) -> int | None:
        """How many were left out before this one, or None if this one is left out too."""
        bucket = self._refilled(kind, now)
        if bucket.tokens < 1:
            bucket.left_out += 1
            return None
        bucket.tokens -= 1
        told, bucket.left_out = bucket.left_out, 0
        return told

    def overdue(self, now: float, *, all_of_them: bool = False) -> dict[str, int]:
        """Kinds of which some were left out, and how many; each is told once."""
        found = {}
        for kind in self._buckets:
            bucket = self._refilled(kind, now)
            if bucket.left_out and (bucket.tokens >= 1 or all_of_them):
                found[kind], bucket.left_out = bucket.left_out, 0
                bucket.tokens = max(bucket.tokens - 1, 0)
        return found

    def _refilled(self, kind: str, now: float) -> _Bucket:
        bucket = self._buckets.setdefault(kind, _Bucket(self._burst, now))
        bucket.tokens = min(bucket.tokens + max(now - bucket.at, 0) / self._every, self._burst)
        bucket.at = now
        return bucket

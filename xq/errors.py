"""Every error xq raises on purpose, as one tree with one exit code per branch.

None tells a secret that xq has read: its texts are cleaned as it is made.

::

    XqError                      1   a bug of xq
    ├── UsageError               2
    │   └── UnknownName              a symbol, strategy, indicator … that does not exist
    ├── ConfigError              3
    │   └── CredentialsMissing
    ├── DataError                4
    │   ├── NoData                   nothing stored for what was asked
    │   ├── DataGap                  a hole inside the range
    │   ├── PoisonRows               rows that cannot be true
    │   ├── CorruptFile              a file that cannot be read
    │   ├── FileReplaced             a writer was faster: ask again
    │   └── StorageFailed            the disk refused (full, read-only, gone)
    ├── StrategyError            5
    │   ├── StrategyBroken           the file does not load, or its method raised
    │   ├── BadWeights               NaN, inf, wrong shape, short where none is possible
    │   ├── LookAhead                the past changes when the future is cut off
    │   ├── ShortWarmUp              the answer depends on more bars than declared
    │   ├── ImpureStrategy           it read a file, the network or changed its input
    │   └── StrategyTimeout          no answer before the deadline
    ├── VenueError               6
    │   ├── VenueUnreachable
    │   ├── VenueRefused             the venue answered with a definite no
    │   └── VenueUnclear             the venue's answer proves nothing: the state is unknown
    ├── RiskError                7
    │   ├── OrderRefused             the gate said no before anything was sent
    │   └── TradingHalted            a kill switch is latched or an outcome is unknown
    ├── LockHeld                75   another run holds the lock
    └── Interrupted            130
"""

from collections.abc import Iterable
from typing import ClassVar

from xq.redact import clean


class XqError(Exception):
    """Root of the tree.

    Parameters
    ----------
    message
        What was expected and what was found, lower case, one sentence.
    where
        File and line, symbol and time, or the request concerned.
    hint
        A command to paste, or the one thing to change.

    Examples
    --------
    >>> print(DataGap("2 bars missing", where="BTC/USDT 1h", hint="xq data repair"))
    error: 2 bars missing
      where: BTC/USDT 1h
      hint:  xq data repair
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.message = clean(message)
        super().__init__(self.message)
        self.where = None if where is None else clean(where)
        self.hint = hint

    def __str__(self) -> str:
        lines = [f"error: {self.message}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.hint:
            lines.append(f"  hint:  {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        state = {"message": self.message, "where": self.where, "hint": self.hint}
        return (_rebuild, (type(self), state))

    def as_dict(self) -> dict[str, object]:
        """The error as plain values, for ``--output json``."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "where": self.where,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


def _rebuild(cls: type[XqError], state: dict[str, str | None]) -> XqError:
    return cls(state["message"] or "", where=state["where"], hint=state["hint"])


class UsageError(XqError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class UnknownName(UsageError):
    """A symbol, strategy, indicator, timeframe or parameter that does not exist."""


class ConfigError(XqError):
    """The configuration is wrong: unknown key, bad value, contradiction."""

    exit_code = 3


class CredentialsMissing(ConfigError):
    """A key or secret that the mode needs is not in the environment."""


class DataError(XqError):
    """The lake, or a file to be brought into it, cannot serve the request."""

    exit_code = 4


class NoData(DataError):
    """Nothing is stored for what was asked."""


class DataGap(DataError):
    """Bars are missing inside the range."""


class PoisonRows(DataError):
    """Rows that cannot be true: high below low, negative volume, repeated times."""


class CorruptFile(DataError):
    """A file that cannot be read as what its name says."""


class FileReplaced(DataError):
    """A writer replaced a file while it was read; the same question again will do."""


class StorageFailed(DataError):
    """The disk refused a read or write: full, read-only, gone."""


class StrategyError(XqError):
    """A strategy is broken, impure or dishonest."""

    exit_code = 5


class StrategyBroken(StrategyError):
    """The strategy's file does not load, or its method raised."""


class BadWeights(StrategyError):
    """Weights of the wrong shape, NaN after warm-up, infinite, or short on spot."""


class LookAhead(StrategyError):
    """An earlier answer changes when later bars are cut off."""


class ShortWarmUp(StrategyError):
    """An answer depends on more bars than the strategy's lookback declares."""


class ImpureStrategy(StrategyError):
    """The strategy read a file or the network, or wrote into its input."""


class StrategyTimeout(StrategyError):
    """The strategy gave no answer before its deadline and was killed."""


class VenueError(XqError):
    """The exchange, or the way to it, failed."""

    exit_code = 6


class VenueUnreachable(VenueError):
    """No connection to the venue could be made."""


class VenueRefused(VenueError):
    """The venue answered with a definite no."""


class VenueUnclear(VenueError):
    """The venue's answer proves nothing; what happened is unknown."""


class RiskError(XqError):
    """Risk control stopped the run."""

    exit_code = 7


class OrderRefused(RiskError):
    """The gate refused an order before anything was sent."""


class TradingHalted(RiskError):
    """A kill switch is latched, or an order's outcome is unknown."""


class LockHeld(XqError):
    """Another run holds the lock."""

    exit_code = 75


class Interrupted(XqError):
    """The user stopped the run."""

    exit_code = 130


class ReaderLeft(Exception):
    """Whoever read stdout closed it, as ``| head`` does: no error, the command just ends."""


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to a misspelt one, or None.

    Examples
    --------
    >>> suggestion("trend_folowing", ["trend_following", "bollinger"])
    'trend_following'
    >>> suggestion("zzz", ["trend_following"]) is None
    True
    """
    from difflib import get_close_matches

    options = sorted(known)
    folded = {option.lower(): option for option in reversed(options)}
    close = get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def unknown(kind: str, name: str, known: Iterable[str], *, hint: str | None = None) -> UnknownName:
    """An `UnknownName` that suggests the closest known name.

    Examples
    --------
    >>> print(unknown("strategy", "bolinger", ["bollinger"], hint="xq strategies list"))
    error: no strategy named 'bolinger'; did you mean 'bollinger'?
      hint:  xq strategies list
    """
    close = suggestion(name, known)
    tail = f"; did you mean {close!r}?" if close else ""
    return UnknownName(f"no {kind} named {name!r}{tail}", hint=hint)

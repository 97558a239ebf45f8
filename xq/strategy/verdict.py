"""What a plugin's failure means: broken, or reaching where it may not."""

from pathlib import Path

from xq.errors import ImpureStrategy, StrategyBroken, XqError
from xq.strategy.guard import Guard, Refused
from xq.strategy.load import broken, line_of

_PURE = "declare what it needs as inputs; xq hands them over with the bars"


def verdict(error: BaseException, path: Path, guard: Guard) -> XqError:
    """The error of xq that a plugin's exception amounts to, with the plugin's own line."""
    if found := impure(guard, path):
        return found
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Refused):
            return ImpureStrategy(str(cause), where=line_of(error, path), hint=_PURE)
        read_only = any(words in str(cause) for words in ("read-only", "WRITEABLE"))
        if read_only and isinstance(cause, ValueError):
            return ImpureStrategy(
                "a strategy may not write into its input",
                where=line_of(error, path),
                hint="copy first: bars.close.copy()",
            )
        if any(words in str(cause) for words in ("Too many open files", "os error 24")):
            return ImpureStrategy(
                "a strategy may not open files", where=line_of(error, path), hint=_PURE
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, StrategyBroken | ImpureStrategy):
        where = error.where or line_of(error, path)
        return type(error)(error.message, where=where, hint=error.hint)
    return broken(error, path)


def impure(guard: Guard, path: Path) -> ImpureStrategy | None:
    """The refusal for what the guard saw, even where the plugin swallowed it."""
    if not guard.breaches:
        return None
    what, where = guard.breaches[0]
    return ImpureStrategy(f"a strategy may not {what}", where=where or str(path), hint=_PURE)

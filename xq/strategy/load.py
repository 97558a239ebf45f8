"""Plugin files: found by name, loaded one by one, each with its own error."""

import inspect
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType, ModuleType

from xq.errors import StrategyBroken, UsageError, XqError, unknown
from xq.strategy.base import Strategy
from xq.strategy.market import MarketStrategy
from xq.strategy.parameters import Parameter

_LEFT_OPEN = (Strategy.lookback, Strategy.target_weights, MarketStrategy.on_market)
_NONE: Mapping[str, Parameter] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Listing:
    """What a plugin file says about itself, or why it cannot.

    Attributes
    ----------
    title, source
        First sentence of the file's docstring, and the reference in its closing brackets.
    lookback
        With the default parameters, bars.
    """

    name: str
    path: Path
    title: str = ""
    source: str = ""
    lookback: int | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: _NONE)
    error: XqError | None = None


def find(folder: Path) -> dict[str, Path]:
    """Strategy name to file: every ``*.py`` that does not start with ``_``."""
    return {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem[0] != "_"}


def locate(folder: Path, name: str) -> Path:
    """The file of a strategy.

    Raises
    ------
    UnknownName
        If there is none; the closest name is suggested.
    """
    files = find(folder)
    if name not in files:
        hint = "xq strategies list" if files else f"xq strategies new {name}"
        raise unknown("strategy", name, files, hint=hint)
    return files[name]


def load(folder: Path, name: str, overrides: Mapping[str, object]) -> Strategy:
    """A strategy with its parameters set, loaded into this process.

    Raises
    ------
    UnknownName
        No such file, or no such parameter.
    UsageError
        A parameter's value is refused, or contradicts another.
    StrategyBroken
        The file does not load.
    """
    path = locate(folder, name)
    strategy = build(strategy_class(path), path, overrides)
    lookback_of(strategy, path)
    return strategy


def build(cls: type[Strategy], path: Path, overrides: Mapping[str, object]) -> Strategy:
    """An instance with its parameters set; errors as in `load`."""
    try:
        return cls(**overrides)
    except ValueError as error:
        raise UsageError(str(error), where=path.name, hint="xq strategies list") from error


def lookback_of(strategy: Strategy, path: Path) -> int:
    """The strategy's declared lookback, checked to be a whole number of bars from 1 on.

    Raises
    ------
    StrategyBroken
        If it raises or answers something else.
    """
    with translated(path):
        lookback = strategy.lookback
    if isinstance(lookback, bool) or not isinstance(lookback, int) or lookback < 1:
        raise StrategyBroken(
            f"lookback must be a whole number of bars from 1 on, found {lookback!r}",
            where=str(path),
        )
    return lookback


def strategy_class(path: Path) -> type[Strategy]:
    """Load one file and take its one Strategy class.

    Raises
    ------
    StrategyBroken
        If the file raises while loading, or has no or several Strategy classes.
    """
    module = _module(path)
    found = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Strategy)
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(cls.__name__ for cls in found) or "none"
        raise StrategyBroken(
            f"expected one Strategy class in the file, found {names}",
            where=str(path),
            hint="xq strategies new NAME",
        )
    cls = found[0]
    for method in ("lookback", cls.asks):
        if getattr(cls, method) in _LEFT_OPEN:
            raise StrategyBroken(f"{cls.__name__} does not define {method}", where=str(path))
    return cls


def describe(path: Path) -> Listing:
    """What a file says about itself; a broken one is a listing with an error."""
    try:
        cls = strategy_class(path)
        lookback = lookback_of(build(cls, path, {}), path)
    except XqError as error:
        return Listing(path.stem, path, error=error)
    title, source = title_and_source(sys.modules[cls.__module__].__doc__)
    return Listing(path.stem, path, title, source, lookback, cls.parameters)


def title_and_source(docstring: str | None) -> tuple[str, str]:
    """Split a file's docstring into its title and the reference in its closing brackets.

    Examples
    --------
    >>> title_and_source("Trend following by two averages (Brock 1992).")
    ('Trend following by two averages', 'Brock 1992')
    """
    sentence = " ".join((docstring or "").strip().partition("\n\n")[0].split())
    match = re.fullmatch(r"(.*?)\s*\(([^()]*)\)\.?", sentence)
    return (match[1], match[2]) if match else (sentence.rstrip("."), "")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn whatever a plugin raises into `StrategyBroken` with the plugin's own line."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may raise anything, SystemExit included
        if isinstance(error, XqError) and not isinstance(error, UsageError):
            raise
        raise broken(error, path) from error


def broken(error: BaseException, path: Path) -> StrategyBroken:
    """A plugin's exception in xq's words: what, and the plugin's own line."""
    what = error.message if isinstance(error, XqError) else _words(error)
    return StrategyBroken(what, where=line_of(error, path), hint="xq strategies check " + path.stem)


def line_of(error: BaseException, path: Path) -> str:
    """``file:line`` of the innermost frame inside the plugin folder."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{error.filename}:{error.lineno}"
    folder = str(path.parent)
    inside = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(folder)]
    return f"{inside[-1].filename}:{inside[-1].lineno}" if inside else str(path)


def _words(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    first = text.strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _module(path: Path) -> ModuleType:
    name = f"xq_plugin_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StrategyBroken("the file cannot be loaded", where=str(path))
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up
    try:
        with translated(path):
            spec.loader.exec_module(module)
    except XqError:
        del sys.modules[name]
        raise
    return module

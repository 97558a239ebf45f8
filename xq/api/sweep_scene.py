"""What a sweep is about: the bars, the world they were traded in, the sets of parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xq.api import backtest_inputs as inputs
from xq.api.backtest_bars import Reading
from xq.api.backtest_inputs import Market, Span
from xq.api.feature_inputs import with_block
from xq.api.trials import market_name
from xq.api.workspace import Workspace
from xq.errors import XqError

if TYPE_CHECKING:
    import numpy as np

    from xq.backtest.sweep_space import Space
    from xq.backtest.sweep_trial import Scene
    from xq.bars import Bars
    from xq.strategy.sets import Declared, SetsEvaluator


@dataclass(frozen=True, slots=True)
class Question:
    """What to try, on which bars; costs, cash and rules come from the configuration.

    Attributes
    ----------
    params
        ``name=low:high:step``, ``name=a,b,c`` or ``name=value``; outrank ``[strategy.<name>]``.
    symbols, timeframe
        None takes those of ``[collect]``; ``*/USDT`` is a universe, see `xq.api.universe`.
    limit
        Most sets of parameters.
    deadline_s
        Seconds the strategy has for one question.
    """

    strategy: str = "trend_following"
    params: tuple[str, ...] = ()
    symbols: tuple[str, ...] | None = None
    timeframe: str | None = None
    span: Span = field(default_factory=Span)
    method: str = "grid"
    trials: int | None = None
    objective: str = "daily_sharpe_ratio"
    limit: int = 10_000
    seed: int | None = None
    deadline_s: float = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Everything known before the first trial.

    Attributes
    ----------
    facts
        All that decides the outcome of a trial but its parameters, as plain values.
    hold
        (D,) daily returns of buying and holding.
    days
        (D,) int64, UTC days since 1970.
    """

    market: Market
    space: "Space"
    bars: "Bars"
    scene: "Scene"
    facts: Mapping[str, Any]
    hold: "np.ndarray"
    days: "np.ndarray"
    notes: tuple[str, ...]

    @property
    def market_name(self) -> str:
        """Venue, symbols and timeframe in one text."""
        return market_name(self.market.exchange, self.market.symbols, self.market.timeframe)


def setting_of(
    ws: Workspace, question: Question, start: Callable[[int], None] = lambda _: None
) -> Setting:
    """Read everything a sweep needs, once.

    Parameters
    ----------
    start
        Told the number of trials before the bars are read.

    Raises
    ------
    UsageError
        A parameter, range or method is refused, or every set of parameters is.
    DataError
        Nothing stored, a gap, a corrupt file.
    StrategyError
        The strategy does not load.
    """
    from xq.backtest.sweep_search import search_of
    from xq.backtest.sweep_space import check_count, space_of
    from xq.strategy.sets import SetsEvaluator

    with SetsEvaluator(
        ws.strategies, question.strategy, deadline_s=question.deadline_s, clock=ws.clock
    ) as evaluator:
        space = space_of(_texts(ws, question), evaluator.parameters)
        seed = ws.seed if question.seed is None else question.seed
        _, count = search_of(question.method, space, question.trials, seed)
        check_count(count, question.limit)
        declared = _declared(evaluator, space, question.limit)
        start(count)
        return _read(ws, question, space, evaluator, declared)


def _texts(ws: Workspace, question: Question) -> list[str]:
    """The configuration's values are held fixed unless they are swept."""
    named = {text.partition("=")[0].strip() for text in question.params}
    fixed = ws.config.strategy.get(question.strategy, {})
    return [*(f"{k}={v}" for k, v in fixed.items() if k not in named), *question.params]


def _declared(evaluator: "SetsEvaluator", space: "Space", limit: int) -> "list[Declared]":
    from xq.strategy.sets import Declared

    sets = list(space.grid()) if len(space) <= limit else space.corners()
    if len(space) > limit:
        sets += space.random(256, seed=0)
    found = evaluator.declare(sets)
    accepted = [one for one in found if isinstance(one, Declared)]
    if not accepted:
        refusal = next(one for one in found if isinstance(one, XqError))
        raise type(refusal)(
            f"every set of parameters is refused: {refusal.message}",
            where=refusal.where,
            hint=refusal.hint,
        )
    return accepted


def _read(
    ws: Workspace,
    question: Question,
    space: "Space",
    evaluator: "SetsEvaluator",
    declared: "Sequence[Declared]",
) -> Setting:
    from xq.api.backtest import BacktestRequest
    from xq.api.backtest_world import WorldOf
    from xq.api.universe import ends_of, market_for, told
    from xq.backtest.funding import on_bars
    from xq.backtest.hold import buy_and_hold
    from xq.backtest.sweep_trial import Scene
    from xq.backtest.vector import is_margined
    from xq.lake.reader import Lake
    from xq.metrics.daily import daily_returns, last_of_days
    from xq.timeframe import DAY_MS

    request = BacktestRequest(
        symbols=question.symbols, timeframe=question.timeframe, span=question.span
    )
    market = market_for(ws, request)
    lake = Lake(ws.lake)
    longest = max(one.lookback for one in declared)
    block = Reading(ws, lake, market, lambda: longest).block(question.span)
    block = with_block(lake, market.exchange, block, declared[0].inputs)
    bars, start = block.bars, block.start
    first = start - min(ws.config.backtest.delay, start)
    exits = next((one.exits for one in declared if one.exits is not None), None)
    world = WorldOf(ws, lake, market, bars, first, start).found(exits, ())
    funding = None
    if is_margined(market.symbols):
        paid = inputs.read_funding(lake, market, bars)
        funding = on_bars(bars, paid).slice(first, len(bars))
    scene = Scene(
        folder=ws.strategies.absolute(),
        strategy=question.strategy,
        first=first,
        start=start,
        costs=world.costs,
        rules=_without_exits(world.rules),
        funding=funding,
        conditions=world.conditions,
        ends=ends_of(bars.slice(first, len(bars)), market.lives, world.rules.delay),
        seed=ws.seed if question.seed is None else question.seed,
        deadline_s=question.deadline_s,
    )
    known = bars.slice(start, len(bars))
    hold = buy_and_hold(known, world.costs, world.rules.initial_cash)
    return Setting(
        market=market,
        space=space,
        bars=bars,
        scene=scene,
        facts=_facts(ws, market, bars, scene, evaluator),
        hold=daily_returns(known.known_at, hold, world.rules.initial_cash),
        days=(known.known_at[last_of_days(known.known_at)] - 1) // DAY_MS,
        notes=(*_of_one(space), *block.notes, *told(market, known.ts, known.close), *world.notes),
    )


def _of_one(space: "Space") -> list[str]:
    """What a search is told that has nothing to search."""
    if len(space) > 1:
        return []
    return [
        "one set of parameters and nothing to choose from: no --param has several values, such as "
        "--param NAME=LOW:HIGH:STEP (xq strategies list -o json states their ranges)"
    ]


def _without_exits(rules: Any) -> Any:
    """Each set of parameters brings its own exits."""
    from dataclasses import replace

    return replace(rules, stop_loss=None, take_profit=None, trailing_stop=None, max_bars=None)


def _facts(
    ws: Workspace, market: Market, bars: "Bars", scene: "Scene", evaluator: "SetsEvaluator"
) -> dict[str, Any]:
    from xq import __version__
    from xq.api.backtest import ENGINE_VERSION
    from xq.backtest import identity
    from xq.lake.hashing import hash_bars, hash_columns

    funding = scene.funding
    paid = (
        None
        if funding is None
        else hash_columns({"open": funding.at_open.ravel(), "inside": funding.inside.ravel()})
    )
    return {
        "strategy": scene.strategy,
        "source": identity.source_hash(evaluator.files),
        "market": [market.exchange, *market.symbols, str(market.timeframe)],
        "read_from": int(bars.ts[0]),
        "start": int(bars.ts[scene.start]),
        "end": bars.timeframe.end(int(bars.ts[-1])),
        "data": hash_bars(bars),
        "funding": paid,
        "world": identity.conditions_hash(scene.conditions),
        "settings": ws.config.backtest.model_dump(mode="json"),
        "versions": {"xq": __version__, "engine": ENGINE_VERSION},
        **market.facts,
    }

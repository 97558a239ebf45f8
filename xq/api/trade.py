"""``xq trade``: ports, journal and lake around the one live loop."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xq.api.venues import trading_venue
from xq.api.workspace import Workspace
from xq.errors import UsageError, XqError
from xq.timeframe import Timeframe

if TYPE_CHECKING:
    from xq.collect.run import Progress
    from xq.execution.journal import Journal
    from xq.execution.server import Server
    from xq.live.desk import Desk, Terms
    from xq.live.report import Report
    from xq.strategy.sandbox import StrategySpec
    from xq.types import Symbol

LOOPBACK_MODES = ("sim", "paper")


@dataclass(frozen=True, slots=True)
class TradeRequest:
    """What a command line adds to ``[trade]`` and ``[risk]`` of the configuration.

    Attributes
    ----------
    parameters
        Overrides of the strategy's parameters, over ``[strategy.<name>]``.
    dry_run
        Decide and plan; send and journal nothing.
    """

    parameters: Mapping[str, object] = field(default_factory=dict)
    dry_run: bool = False


def trade_once(
    ws: Workspace, request: TradeRequest | None = None, progress: "Progress | None" = None
) -> "Report":
    """Decide on the last closed bar and trade on it, at most once per bar.

    Raises
    ------
    LockHeld
        If another run trades this mode.
    CredentialsMissing, ConfigError
        For the modes of a later version, before any network call.
    KeyboardInterrupt
        On SIGTERM too; what was being sent is found out by the next run.
    VenueError, DataError, StrategyError, RiskError
        As the loop's stages say; see `xq.live.loop.tick`. Problems after something was sent are
        in the report.
    """
    from xq.live.termination import terminable

    asked = request or TradeRequest()
    _refuse_other_modes(ws)
    terms, begin = _terms(ws), _Beginning(ws, asked, progress)
    begin.check_parameters()
    with terminable(), _locked(ws, asked):
        return _tick(ws, terms, begin, asked, lambda _: None)


def trade_loop(
    ws: Workspace,
    request: TradeRequest,
    tell: "Callable[[Report | XqError], None]",
    cycles: int | None = None,
) -> bool:
    """Trade now and at every bar close until SIGINT, SIGTERM or ``cycles`` ticks.

    Each tick stands alone: it opens its venue and journal, and an error of it is told and waited
    out until the next close. The lock is held throughout.

    Parameters
    ----------
    tell
        Given each tick's report, or the error that ended it.

    Returns
    -------
    bool
        Whether a tick was cut off by a signal.
    """
    from xq.live.schedule import BarClose, run

    _refuse_other_modes(ws)
    terms, begin = _terms(ws), _Beginning(ws, request, None)
    begin.check_parameters()
    trigger = BarClose(terms.timeframe, round(ws.config.trade.offset_seconds * 1000))

    def act() -> None:
        try:
            tell(_tick(ws, terms, begin, request, trigger.synchronise))
        except XqError as error:
            tell(error)

    with _locked(ws, request):
        grace = terms.timeframe.ms // 1000
        return run(trigger, act, cycles=cycles, grace_seconds=grace)


def check_request(ws: Workspace, request: TradeRequest) -> None:
    """Refuse what no run would take; asks no venue.

    Raises
    ------
    StrategyError, UsageError
        Unknown strategy, symbols of several kinds, a refused parameter.
    """
    _terms(ws)
    _Beginning(ws, request, None).check_parameters()


def journal_place(ws: Workspace) -> "Path | Server":
    """Where the journal of the workspace's account is kept: a file, or a server.

    Raises
    ------
    ConfigError
        If ``[trade] journal`` is no URL of a server, or holds a password.
    """
    from xq.execution.server import PASSWORD, Server

    if ws.config.trade.journal is None:
        return ws.state / f"journal-{_slug(ws)}.sqlite"
    return Server.parse(ws.config.trade.journal, ws.environ.get(PASSWORD))


def account_name(ws: Workspace) -> str:
    """Whose money the workspace's mode moves, as its journal names it."""
    from xq.venues.registry import profile

    mode = ws.config.trade.mode
    return mode if mode == "sim" else f"{mode}:{profile(ws.config.exchange.name).name}"


def _slug(ws: Workspace) -> str:
    return account_name(ws).replace(":", "-")


def _refuse_other_modes(ws: Workspace) -> None:
    """Testnet and live say why not before a lock, file or connection is made."""
    if ws.config.trade.mode not in LOOPBACK_MODES:
        with trading_venue(ws, ws.config.trade.mode):
            pass


def _locked(ws: Workspace, request: TradeRequest) -> Any:
    from xq.live.lock import only_run

    if request.dry_run:
        return nullcontext()
    return only_run(ws.state / f"trade-{_slug(ws)}.lock")


def _tick(
    ws: Workspace,
    terms: "Terms",
    begin: "_Beginning",
    request: TradeRequest,
    synchronise: Callable[[int], None],
) -> "Report":
    from xq.live.loop import tick
    from xq.live.mirror import Origin, mirror

    with _desk(ws, terms, begin, request) as desk:
        synchronise(desk.market.now_ms() - ws.clock.now_ms())
        report = tick(desk, terms, dry_run=request.dry_run)
        if request.dry_run:
            return report
        try:
            origin = Origin(ws.config.trade.mode, desk.market.name, f"trade-{_slug(ws)}")
            mirror(desk.journal, ws.lake, origin)
        except XqError as error:
            note = f"the journal's copy in the lake is behind: {error.message}"
            return replace(report, notes=(*report.notes, note))
        return report


@contextmanager
def _desk(
    ws: Workspace, terms: "Terms", begin: "_Beginning", request: TradeRequest
) -> "Iterator[Desk]":
    from xq.execution.journal import open_journal, scratch_journal
    from xq.live.desk import Desk

    opened = scratch_journal if request.dry_run else open_journal
    with ExitStack() as stack:
        journal: Journal = stack.enter_context(
            opened(journal_place(ws), account_name(ws), ws.clock)
        )
        market, venue = stack.enter_context(trading_venue(ws, ws.config.trade.mode))
        forecast = begin.forecaster(market, terms.symbols, terms.timeframe)
        yield Desk(market, venue, journal, ws.clock, forecast)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What a forecast starts from."""

    ws: Workspace
    request: TradeRequest
    progress: "Progress | None"

    def forecaster(
        self, market: Any, symbols: "tuple[Symbol, ...]", timeframe: Timeframe
    ) -> Callable[[int], Any]:
        from xq.api.forecast import Forecasting

        return Forecasting(self.ws, market, self._spec(), symbols, timeframe, self.progress)

    def check_parameters(self) -> None:
        """Refuse what the command line gives the strategy, even if its bar is decided already.

        Raises
        ------
        StrategyError, UsageError
            The file does not load, or a parameter is refused.
        """
        from xq.strategy.sandbox import Evaluator

        if self.request.parameters:
            with Evaluator.start(self._spec(), clock=self.ws.clock) as evaluator:
                _ = evaluator.declaration

    def _spec(self) -> "StrategySpec":
        from xq.strategy.sandbox import StrategySpec

        name = self.ws.config.trade.strategy
        parameters = {**self.ws.config.strategy.get(name, {}), **self.request.parameters}
        return StrategySpec(self.ws.strategies, name, parameters)


def _terms(ws: Workspace) -> "Terms":
    from xq.live.desk import Terms
    from xq.risk.configured import limits_of
    from xq.strategy.load import locate
    from xq.types import Symbol

    trade = ws.config.trade
    symbols = tuple(dict.fromkeys(Symbol.parse(text) for text in trade.symbols))
    if len({(symbol.is_contract, symbol.quote) for symbol in symbols}) > 1:
        raise UsageError(
            "one run trades symbols of one kind and quote asset, found "
            + ", ".join(map(str, symbols)),
            hint="one xq trade per kind",
        )
    locate(ws.strategies, trade.strategy)
    return Terms(
        account=account_name(ws),
        strategy=trade.strategy,
        symbols=symbols,
        timeframe=Timeframe.parse(trade.timeframe),
        limits=limits_of(ws.config.risk, symbols),
        capital=None if trade.capital is None else _exact(trade.capital),
        band=trade.rebalance_band,
        cash_buffer=_exact(trade.cash_buffer),
        leverage=trade.leverage,
    )


def _exact(value: float) -> Decimal:
    return Decimal(str(value))

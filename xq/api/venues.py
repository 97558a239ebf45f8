"""Which venue stands behind a port: the only place where that is decided."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from xq.api.workspace import Workspace
from xq.errors import ConfigError, CredentialsMissing, unknown

if TYPE_CHECKING:
    from xq.venue_types import KeyScope
    from xq.venues.ccxt_market import CcxtMarket
    from xq.venues.ccxt_trading import CcxtTrading

SIM = "sim"
SIM_BYBIT = "sim-bybit"
SIMULATED = (SIM, SIM_BYBIT)  # one embedded venue, asked as Binance or as Bybit
PAPER = "paper"
_SIM_KEYS = ("sim", "sim")  # the simulated venue's account; worth nothing anywhere else
LIVE = "live"
REAL_MONEY = ("testnet", LIVE)
_MODES = (SIM, PAPER, *REAL_MONEY)


@contextmanager
def market_data(
    ws: Workspace,
    exchange: str | None = None,
    *,
    contracts: bool = False,
    signed: bool = False,
) -> Iterator["CcxtMarket"]:
    """Public data of an exchange; ``"sim"`` joins or starts the embedded venue.

    ``"sim-bybit"`` is the same venue, asked as one asks Bybit: linear contracts only.

    Parameters
    ----------
    exchange
        ``"sim"``, ``"sim-bybit"`` or a ccxt id; default is the workspace's.
    contracts
        Which face tells the time when none is named.
    signed
        Use the account's keys, if there are any, for what is told to account holders only.

    Raises
    ------
    UnknownName
        If there is no such exchange.
    """
    name = ws.config.exchange.name if exchange is None else exchange
    if name in SIMULATED:
        with (
            _embedded(ws) as url,
            _market(ws, name, url, contracts=contracts, signed=signed) as market,
        ):
            yield market
    else:
        with _market(ws, name, contracts=contracts, signed=signed) as market:
            yield market


def can_sign(ws: Workspace, name: str) -> bool:
    """Whether there are keys for an exchange."""
    return _keys(ws, name) is not None


def _keys(ws: Workspace, name: str) -> tuple[str, str] | None:
    if name in SIMULATED:
        return _SIM_KEYS
    held = ws.credentials(name)
    if held is None:
        return None
    return held.api_key.get_secret_value(), held.secret.get_secret_value()


@contextmanager
def trading_venue(
    ws: Workspace, mode: str, *, stopping: bool = False
) -> Iterator[tuple["CcxtMarket", "CcxtTrading"]]:
    """Data and the signed side for one mode of trading.

    In ``"sim"`` both are the embedded venue, asked as Bybit if the exchange is ``"sim-bybit"`` and
    contracts are traded. In ``"paper"`` the data is the real exchange's, and
    orders go to a simulated venue of their own on this machine that takes its prices from there.
    The signed client of both refuses any address but loopback, whatever it is configured to. In
    ``"testnet"`` and ``"live"`` it refuses every host but the exchange's own of that mode.

    Parameters
    ----------
    stopping
        For the emergency stop, which may only get out, and for who only listens: neither needs
        leave to trade live.

    Raises
    ------
    CredentialsMissing
        For testnet and live without keys in the environment, before any network call.
    ConfigError
        For live unless everything agrees, see `xq.venues.live_check`; the exchange is asked what
        the key may do only after all else does.
    """
    if mode not in _MODES:
        raise unknown("trade mode", mode, _MODES, hint="--mode paper")
    if mode in REAL_MONEY and ws.credentials() is None:
        raise CredentialsMissing(
            f"{mode} mode needs XQ_API_KEY and XQ_API_SECRET in the environment or .env",
            hint="xq trade --mode paper",
        )
    contracts, _ = _wallet(ws)
    if mode == SIM:
        face = SIM_BYBIT if contracts and ws.config.exchange.name == SIM_BYBIT else SIM
        with (
            _embedded(ws) as url,
            _market(ws, face, url, contracts=contracts) as market,
            _trading(ws, url, SIM, face) as venue,
        ):
            yield market, venue
    elif mode == PAPER:
        with (
            market_data(ws, contracts=contracts) as market,
            _paper(ws, market) as url,
            _trading(ws, url, PAPER) as venue,
        ):
            yield market, venue
    else:
        with _real(ws, mode, stopping) as pair:
            yield pair


@contextmanager
def _real(ws: Workspace, mode: str, stopping: bool) -> Iterator[tuple["CcxtMarket", "CcxtTrading"]]:
    """An exchange's own hosts: those for tests, or those with money."""
    from xq.api.live_mode import facts
    from xq.venues.bans import Bans
    from xq.venues.ccxt_market import CcxtMarket
    from xq.venues.ccxt_trading import CcxtTrading
    from xq.venues.clients import Access
    from xq.venues.live_check import before_asking, may_stop, may_trade_live
    from xq.venues.registry import demo, profile

    name = ws.config.exchange.name
    chosen = profile(name) if mode == LIVE else demo(name)
    if mode == LIVE:
        _refuse((may_stop if stopping else before_asking)(facts(ws, mode, chosen, None)))
    contracts, quote = _wallet(ws)
    bans = Bans(ws.state / "bans.json")
    timeout = ws.config.exchange.timeout_seconds
    with ExitStack() as stack:
        open_data = Access(timeout, bans=bans)
        market = CcxtMarket(chosen, ws.clock, open_data, contracts=contracts)
        stack.callback(market.close)
        signed = Access(timeout, _keys(ws, name), bans=bans)
        venue = CcxtTrading(chosen, ws.clock, signed, contracts=contracts, quote=quote)
        stack.callback(venue.close)
        if mode == LIVE and not stopping:
            _refuse(may_trade_live(facts(ws, mode, chosen, venue.permissions())))
        yield market, venue


def key_scope(ws: Workspace) -> "KeyScope":
    """What the exchange says that the account's key may do; nothing else is asked or sent.

    Raises
    ------
    VenueError
        If it does not say.
    """
    with signed_questions(ws) as venue:
        return venue.permissions()


@contextmanager
def signed_questions(ws: Workspace) -> Iterator["CcxtTrading"]:
    """The account at the exchange's own hosts, armed or not: for the doctor, which only asks."""
    from xq.venues.ccxt_trading import CcxtTrading
    from xq.venues.clients import Access
    from xq.venues.registry import profile

    name = ws.config.exchange.name
    access = Access(ws.config.exchange.timeout_seconds, _keys(ws, name))
    contracts, quote = _wallet(ws)
    venue = CcxtTrading(profile(name), ws.clock, access, contracts=contracts, quote=quote)
    try:
        yield venue
    finally:
        venue.close()


def _refuse(reasons: Sequence[str]) -> None:
    if reasons:
        raise ConfigError(
            f"real money is not traded: live mode is refused because {'; '.join(reasons)}",
            hint="xq trade --mode paper",
        )


@contextmanager
def _market(
    ws: Workspace, name: str, url: str | None = None, *, contracts: bool, signed: bool = False
) -> Iterator["CcxtMarket"]:
    from xq.venues.bans import Bans
    from xq.venues.ccxt_market import CcxtMarket
    from xq.venues.clients import Access
    from xq.venues.registry import profile

    access = Access(
        timeout=ws.config.exchange.timeout_seconds,
        keys=_keys(ws, name) if signed else None,
        loopback_only=name in SIMULATED,
        bans=Bans(ws.state / "bans.json"),
    )
    market = CcxtMarket(profile(name, url), ws.clock, access, contracts=contracts)
    try:
        yield market
    finally:
        market.close()


@contextmanager
def _trading(ws: Workspace, url: str, name: str, face: str = SIM) -> Iterator["CcxtTrading"]:
    from xq.venues.ccxt_trading import CcxtTrading
    from xq.venues.clients import Access
    from xq.venues.registry import profile

    access = Access(ws.config.exchange.timeout_seconds, _SIM_KEYS, loopback_only=True)
    chosen = replace(profile(face, url), name=name)
    contracts, quote = _wallet(ws)
    venue = CcxtTrading(chosen, ws.clock, access, contracts=contracts, quote=quote)
    try:
        yield venue
    finally:
        venue.close()


def _wallet(ws: Workspace) -> tuple[bool, str]:
    """Whether contracts are traded, and the asset that pays."""
    from xq.types import Symbol

    symbols = [Symbol.parse(text) for text in ws.config.trade.symbols]
    kinds = {(symbol.is_contract, symbol.quote) for symbol in symbols}
    if len(kinds) > 1:
        raise ConfigError(
            "trade.symbols must be of one kind and quote asset: one wallet pays for them",
            hint="xq config explain trade.symbols",
        )
    return kinds.pop()


@contextmanager
def _embedded(ws: Workspace) -> Iterator[str]:
    from xq.sim.wire.embed import ensure

    port = ws.config.exchange.sim_port
    with ensure(ws.state, port=port, clock=ws.clock, seed=ws.seed) as handle:
        yield handle.url


@contextmanager
def _paper(ws: Workspace, market: "CcxtMarket") -> Iterator[str]:
    """One paper account per exchange and face, so that a ledger never meets other prices."""
    from xq.sim.paper import QUOTE
    from xq.sim.wire.paper import ensure_paper

    contract, quote = _wallet(ws)
    if quote != QUOTE:
        raise ConfigError(
            f"paper trading pays in {QUOTE}, found {', '.join(ws.config.trade.symbols)}",
            hint="xq config explain trade.symbols",
        )
    state = ws.state / PAPER / f"{market.name}-{'contracts' if contract else 'spot'}"
    with ensure_paper(
        state,
        prices=market,
        contract=contract,
        clock=ws.clock,
        now_ms=lambda: market.now_ms(contract),
    ) as handle:
        yield handle.url

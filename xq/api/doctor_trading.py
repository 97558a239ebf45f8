"""What the doctor says of trading: lock, journal, account, its stream, and who is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xq.api.audit import verify
from xq.api.doctor_finding import Answer, Warned
from xq.api.trade import account_name, lock_path
from xq.api.venues import LIVE, PAPER, REAL_MONEY, SIM, signed_questions, trading_venue
from xq.api.workspace import Workspace
from xq.errors import CorruptFile, CredentialsMissing, NoData, UsageError
from xq.venue_types import StreamOpened

if TYPE_CHECKING:
    from xq.venues.ccxt_trading import CcxtTrading


def lock(ws: Workspace) -> Answer:
    """Who trades the account now, if anybody."""
    from xq.live.lock import held_by

    pid = held_by(lock_path(ws))
    return f"free: nobody trades {account_name(ws)}" if pid is None else f"held by process {pid}"


def journal(ws: Workspace) -> Answer:
    """Whether the journal is what xq wrote.

    Raises
    ------
    CorruptFile
        If it is not.
    """
    try:
        report = verify(ws)
    except NoData:
        return f"none yet: nothing was traded on {account_name(ws)}"
    if not report.is_sound:
        raise CorruptFile(
            f"{len(report.findings)} faults in the journal",
            where=report.journal,
            hint="xq audit verify",
        )
    return f"{report.rows} rows, all as they were written"


def account(ws: Workspace) -> Answer:
    """Whether the account answers, by request and by stream; nothing is sent but questions.

    Raises
    ------
    CredentialsMissing
        If the mode needs keys and there are none.
    VenueError
        If it does not answer.
    """
    mode = ws.config.trade.mode
    if mode in REAL_MONEY and ws.credentials() is None:
        raise CredentialsMissing(
            f"{mode} mode needs XQ_API_KEY and XQ_API_SECRET", hint="xq trade --mode paper"
        )
    if mode == PAPER:
        return "simulated, at the exchange's prices; nobody is asked"
    with _asked(ws, mode) as venue:
        equity = f"equity {venue.account().equity:.2f}"
        try:
            events = venue.user_events(())
        except UsageError:
            return f"{equity}; no stream is known there"
        try:
            heard = events.get(ws.config.exchange.timeout_seconds)
        finally:
            events.close()
    if isinstance(heard, StreamOpened):
        return f"{equity}; the stream is open"
    return Warned(f"{equity}; its stream does not open", "a proxy or firewall may stop WebSockets")


@contextmanager
def _asked(ws: Workspace, mode: str) -> "Iterator[CcxtTrading]":
    if mode == LIVE:
        with signed_questions(ws) as venue:
            yield venue
    else:
        with trading_venue(ws, mode) as (_, venue):
            yield venue


def notify(ws: Workspace) -> Answer:
    """Whether anybody is told of an alarm.

    Raises
    ------
    ConfigError
        If a notification URL is not understood.
    """
    from xq.observe.targets import NAME, targets

    known = targets(ws.environ) if ws.environ.get(NAME, "").strip() else ()
    if known:
        return "tells " + ", ".join(f"{t.name} ({t.service})" for t in known)
    if ws.config.trade.mode == SIM:
        return f"nobody is told; {NAME} is not set"
    return Warned("nobody is told of an alarm", f"put {NAME}=... into {ws.root / '.env'}")

"""Whether real money may be traded: six things must agree. Pure, facts come from elsewhere."""

from dataclasses import dataclass

from xq.venue_types import KeyScope

LIVE = "live"


@dataclass(frozen=True, slots=True)
class Armed:
    """A person's leave to trade one account for a while.

    Attributes
    ----------
    account
        As `Facts.account` names it.
    key
        Fingerprint of the key it was given for.
    """

    account: str
    key: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known before the first order of a live run.

    Attributes
    ----------
    mode
        What the command line or the configuration asked for.
    account
        What the run trades: ``live:`` and the exchange.
    demo
        Whether the profile is of test hosts; None for one of this machine.
    hosts, may_ask
        The exchange's own hosts, and those that the signed clients may ask.
    key
        Fingerprint of the key in use.
    scope
        What the exchange says that the key may do; None if it was not asked or did not say.
    folder_account, folder_key
        Whom the state folder says it belongs to; empty if nobody.
    armed
        The leave found there; None if none.
    """

    mode: str
    account: str
    demo: bool | None
    hosts: frozenset[str]
    may_ask: frozenset[str]
    key: str
    scope: KeyScope | None
    folder_account: str
    folder_key: str
    armed: Armed | None
    now_ms: int


def may_trade_live(facts: Facts) -> tuple[str, ...]:
    """Why real money is not traded: one reason for each of the six that does not agree.

    Returns
    -------
    tuple of str
        Empty if it may be.

    Examples
    --------
    >>> scope = KeyScope(can_trade=True, can_withdraw=False, ip_restricted=True)
    >>> hosts = frozenset({"api.example.com"})
    >>> facts = Facts("live", "live:x", False, hosts, hosts, "k", scope, "live:x", "k",
    ...               Armed("live:x", "k", 2_000), 1_000)
    >>> may_trade_live(facts)
    ()
    """
    rules = (_mode, _profile, _hosts, _scope, _folder, _armed)
    return tuple(reason for rule in rules if (reason := rule(facts)))


def before_asking(facts: Facts) -> tuple[str, ...]:
    """The reasons that are known without asking the exchange anything."""
    rules = (_mode, _profile, _hosts, _folder, _armed)
    return tuple(reason for rule in rules if (reason := rule(facts)))


def may_stop(facts: Facts) -> tuple[str, ...]:
    """Why not even a stop is sent: it needs no leave, but the right hosts and the right account."""
    rules = [_mode, _profile, _hosts]
    if facts.folder_account:  # a state folder that lost its name keeps nobody from getting out
        rules.append(_folder)
    return tuple(reason for rule in rules if (reason := rule(facts)))


def _mode(facts: Facts) -> str:
    if facts.mode == LIVE:
        return ""
    return f"the mode asked for is {facts.mode!r}, not 'live'"


def _profile(facts: Facts) -> str:
    if facts.demo is False and facts.account.startswith(f"{LIVE}:"):
        return ""
    kind = "this machine's" if facts.demo is None else "test hosts"
    return f"the profile of {facts.account} is not the exchange's own ({kind})"


def _hosts(facts: Facts) -> str:
    if facts.hosts and facts.may_ask == facts.hosts:
        return ""
    known = ", ".join(sorted(facts.may_ask)) or "any host"
    return (
        f"the signed clients may ask {known}, expected {', '.join(sorted(facts.hosts)) or 'some'}"
    )


def _scope(facts: Facts) -> str:
    if facts.scope is None:
        return "the exchange did not say what the key may do"
    if facts.scope.can_withdraw:
        return "the key may withdraw or transfer money; use one that may only trade"
    return "" if facts.scope.can_trade else "the key may not trade"


def _folder(facts: Facts) -> str:
    if (facts.folder_account, facts.folder_key) == (facts.account, facts.key):
        return ""
    owner = facts.folder_account or "nobody"
    return f"the state folder belongs to {owner}, not to {facts.account} with this key"


def _armed(facts: Facts) -> str:
    armed = facts.armed
    if armed is None:
        return "trading is not armed"
    if (armed.account, armed.key) != (facts.account, facts.key):
        return f"trading is armed for {armed.account} with another key or account"
    return "" if facts.now_ms < armed.until_ms else "the arming has run out"

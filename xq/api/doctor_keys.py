"""What the doctor says of the account's keys: asked of the exchange in live mode only."""

from xq.api.venues import LIVE, REAL_MONEY, key_scope
from xq.api.workspace import Workspace
from xq.errors import ConfigError, CredentialsMissing


def keys(ws: Workspace) -> str:
    """The rights of the key in words.

    Raises
    ------
    CredentialsMissing, ConfigError
        If the mode needs keys and has none, or has one that may do too much or too little.
    VenueError
        If the exchange does not say.
    """
    mode = ws.config.trade.mode
    if mode not in REAL_MONEY:
        return f"none needed in {mode} mode"
    if ws.credentials() is None:
        raise CredentialsMissing(
            f"{mode} mode needs XQ_API_KEY and XQ_API_SECRET", hint="xq trade --mode paper"
        )
    if mode != LIVE:
        return "set; test hosts do not tell what a key may do"
    scope = key_scope(ws)
    if scope.can_withdraw or not scope.can_trade:
        problem = "may withdraw or transfer money" if scope.can_withdraw else "may not trade"
        raise ConfigError(
            f"expected a key that may trade and nothing more, found one that {problem}",
            hint="make another key at the exchange",
        )
    return "may trade, not withdraw" + ("" if scope.ip_restricted else "; from any address")

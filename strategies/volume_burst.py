"""Volume burst into a one-sided book (Cont, Kukanov & Stoikov 2014; Easley, O'Hara et al. 2012)."""

from xq import Exits, MarketState, MarketStrategy, param

_STOP = 0.05


class VolumeBurst(MarketStrategy):
    """In when a burst of volume, a one-sided book and momentum agree; out when any of them ends.

    The size follows from what one stop may cost: ``risk / 5 %`` times equity. Ten times equity
    behind a stop of 5 % is ``risk=0.5``: half the equity is gone at one stop, before slippage, and
    three of them leave an eighth. The default risks half a percent, a tenth of equity in position.
    """

    exits = Exits(stop_loss=_STOP)

    fast: float = param(5.0, low=0.5, high=600.0, unit="seconds")
    slow: float = param(60.0, low=5.0, high=7200.0, unit="seconds")
    burst: float = param(3.0, low=1.0, high=100.0, unit="times the usual volume")
    fade: float = param(1.0, low=0.1, high=100.0, unit="times the usual volume")
    tilt: float = param(0.6, low=0.05, high=0.99, unit="imbalance of the book")
    levels: int = param(5, low=1, high=10, unit="levels")
    momentum: float = param(2.0, low=0.0, high=500.0, unit="basis points in fast")
    risk: float = param(0.005, low=0.0005, high=0.5, unit="of equity at one stop")
    short: bool = param(False)

    def check(self) -> None:
        if self.slow <= self.fast or self.fade >= self.burst:
            raise ValueError("slow must be longer than fast, and fade below burst")

    @property
    def windows(self) -> tuple[float, ...]:
        return (self.fast, self.slow)

    def on_market(self, state: MarketState) -> float | None:
        fast, slow = state.windows[self.fast], state.windows[self.slow]
        usual = slow.volume * self.fast / self.slow
        tilt = state.imbalance(self.levels)
        if state.target:
            side = 1.0 if state.target > 0 else -1.0
            over = fast.volume < self.fade * usual or side * tilt < 0.0
            return 0.0 if over else None
        if not fast.volume > self.burst * usual or not abs(tilt) >= self.tilt:
            return None
        side = 1.0 if tilt > 0 else -1.0
        if side * fast.momentum * 1e4 < self.momentum or (side < 0 and not self.short):
            return None
        return side * self.risk / _STOP

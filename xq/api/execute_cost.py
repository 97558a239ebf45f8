"""What a parent order will cost, before it is sent: its book, its market, one's own past orders."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from xq.api.execute_plan import Scene
from xq.api.workspace import Workspace
from xq.errors import NoData, XqError

if TYPE_CHECKING:
    from xq.execution.algos.plan import Plan
    from xq.execution.journal import Journal
    from xq.execution.slippage_prediction import Prediction, Residuals
    from xq.portfolio.slippage import SlippageModel


@dataclass(frozen=True, slots=True)
class Cost:
    """Slippage as a fraction of the middle price, positive when it costs.

    Attributes
    ----------
    at_once
        Of one market order of the whole.
    low, high
        Where nine of ten such orders fall, by own orders; None before there are 200 of them.
    worked
        Expected of the children, each against the book as it is now.
    fees
        Quote asset, all of it taken.
    shown
        Share of the whole that the book shows.
    rests_on
        What the prediction is made of.
    """

    at_once: float
    low: float | None
    high: float | None
    worked: float
    fees: Decimal
    shown: float
    rests_on: str


def predicted(scene: Scene, plan: "Plan") -> Cost:
    """Predict the slippage of a plan, at once and worked.

    Raises
    ------
    NoData
        If neither book nor history tells.
    """
    from xq.execution.slippage_prediction import predict
    from xq.live.parent_hows import market_lately

    market = market_lately(scene.symbol, scene.start_ms, scene.desk)
    model, told = _model(scene.ws, str(scene.symbol))
    residuals = own_residuals(scene.desk.journal)

    def of(quantity: Decimal) -> "Prediction":
        return predict(
            plan.side, quantity, book=scene.book, market=market, model=model, residuals=residuals
        )

    whole = of(plan.quantity)
    parts = children(plan)
    worked = sum(of(part).expected * float(part / plan.quantity) for part in parts)
    own = "no range before 200 own orders"
    if residuals is not None:
        own = f"corrected by {residuals.orders} own orders"
    return Cost(
        whole.expected,
        None if residuals is None else whole.low,
        None if residuals is None else whole.high,
        worked,
        plan.quantity * scene.middle * plan.instrument.taker,
        whole.shown,
        f"the book; beyond it {told}; {own}",
    )


def children(plan: "Plan") -> tuple[Decimal, ...]:
    """Quantities in which a plan is likely to be sent."""
    from xq.execution.algos.plan import Iceberg, Pov, Scheduled
    from xq.execution.algos.slices import schedule_of

    if isinstance(plan.how, Scheduled):
        return tuple(p.quantity for p in schedule_of(plan, plan.how).slices if p.quantity)
    size = plan.quantity
    if isinstance(plan.how, Iceberg):
        size = min(plan.how.display, size)
    if isinstance(plan.how, Pov):
        size = min(plan.how.clip, size)
    count = int(plan.quantity // size)
    rest = plan.quantity - count * size
    return (size,) * count + ((rest,) if rest else ())


def own_residuals(journal: "Journal") -> "Residuals | None":
    """By how much own children cost more than predicted; None before there are 200.

    A child's expected price is its prediction; strategies' orders are expected at the best price,
    which is none.
    """
    from xq.execution.slippage_prediction import residuals_of
    from xq.types import TimeInForce

    observed = [
        float(order.side.sign * (order.average_price / order.expected_price - 1))
        for order in journal.orders()
        if order.parent_id is not None
        and order.average_price is not None
        and order.stop_price is None
        and order.time_in_force is not TimeInForce.GTC
        and order.expected_price > 0
    ]
    try:
        return residuals_of([0.0] * len(observed), observed)
    except NoData:
        return None


def _model(ws: Workspace, symbol: str) -> "tuple[SlippageModel, str]":
    """The model of the configuration; the square-root law by own fills, if they are enough."""
    from xq.api.backtest_inputs import Market
    from xq.api.backtest_slippage import fit_slippage
    from xq.portfolio.slippage import SquareRootImpact, model_of
    from xq.timeframe import Timeframe

    settings = ws.config.backtest
    if settings.slippage_model == "square_root":
        try:
            frame = Timeframe.parse(ws.config.trade.timeframe)
            fit = fit_slippage(ws, Market(ws.config.exchange.name, (symbol,), frame))
        except XqError:
            pass  # too few fills, or no bars of their time: the configured coefficient stands
        else:
            return SquareRootImpact(fit.coefficient), f"Y = {fit.coefficient:.2f} of own fills"
    model = model_of(settings.slippage_model, settings.slippage, settings.slippage_coefficient)
    return model, f"the {settings.slippage_model} model"

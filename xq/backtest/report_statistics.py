"""The table of statistics: every figure of a run with what it means and where that comes from."""

import html
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from xq.backtest.report_plot import number, percent
from xq.backtest.stress import STRESS

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    path
        Attribute of the result, such as ``metrics.total_return``.
    unit
        ``%``, ``×``, ``days`` or nothing.
    meaning, source
        In words; the source is empty for what needs none.
    """

    path: str
    name: str
    unit: str
    meaning: str
    source: str = ""

    def text(self, result: "BacktestResult") -> str:
        """The figure for people; a dash where there is none."""
        value = attrgetter(self.path)(result)
        if value is None:
            return "–"
        if self.unit == "%":
            return percent(value)
        told = number(value, 0 if isinstance(value, int) else 2)
        return told if told == "–" or not self.unit else f"{told} {self.unit}"


_HOLDING = "against buying and holding"
_PSR, _DSR = "Bailey & López de Prado 2012", "Bailey & López de Prado 2014"

# fmt: off
ROWS = {
    "Whole run, by bars": (
        Row("metrics.total_return", "total return", "%",
            "growth of equity over the whole run; deposits are no profit"),
        Row("metrics.annual_return", "annual return", "%", "the same per 365 days, compounded"),
        Row("metrics.volatility", "volatility", "%",
            "standard deviation of bar returns, per year"),
        Row("metrics.sharpe_ratio", "Sharpe ratio", "",
            "mean over standard deviation of bar returns, per year, risk-free rate 0",
            "Sharpe 1994"),
        Row("metrics.sortino_ratio", "Sortino ratio", "",
            "mean over the root mean square of losses", "Sortino & Price 1994"),
        Row("metrics.calmar_ratio", "Calmar ratio", "",
            "annual return over the deepest drawdown", "Young 1991"),
        Row("metrics.max_drawdown", "max drawdown", "%",
            "deepest fall from the highest equity so far"),
    ),
    "Round trips and costs": (
        Row("metrics.round_trips", "round trips", "", "closed, flat to flat"),
        Row("metrics.win_rate", "win rate", "%", "share of closed round trips with a gain"),
        Row("metrics.profit_factor", "profit factor", "",
            "gross profit over gross loss of round trips"),
        Row("metrics.expectancy", "expectancy", "",
            "mean pnl of a round trip, quote asset", "Tharp 1998"),
        Row("metrics.turnover", "turnover", "×", "notional traded over mean equity, whole run"),
        Row("metrics.exposure", "exposure", "%", "share of bars with a position at the close"),
        Row("metrics.fees", "fees", "", "quote asset paid"),
        Row("metrics.slippage", "slippage", "", "quote asset lost against the price aimed at"),
        Row("metrics.funding", "funding", "", "quote asset paid; negative was received"),
        Row("metrics.final_equity", "final equity", "", "quote asset at the last close"),
    ),
    "Days": (
        Row("statistics.days", "days", "", "with a bar, by UTC"),
        Row("statistics.sharpe_ratio", "Sharpe ratio of days", "",
            "per year; days compare across timeframes, bars do not", "Lo 2002"),
        Row("statistics.sortino_ratio", "Sortino ratio of days", "", "the same over losses",
            "Sortino & Price 1994"),
        Row("statistics.volatility", "volatility of days", "%", "per year"),
        Row("statistics.longest_drawdown", "longest drawdown", "days", "below an earlier high"),
        Row("statistics.ulcer_index", "Ulcer index", "%",
            "depth and length of drawdowns in one", "Martin & McCann 1989"),
        Row("statistics.value_at_risk", "value at risk", "%",
            "return that one day in twenty does not reach, historical"),
        Row("statistics.expected_shortfall", "expected shortfall", "%", "mean of those days",
            "Rockafellar & Uryasev 2000"),
        Row("statistics.tail_ratio", "tail ratio", "",
            "95 % quantile over the size of the 5 % quantile"),
        Row("statistics.best_day", "best day", "%", "highest return of a day"),
        Row("statistics.worst_day", "worst day", "%", "lowest return of a day"),
        Row("statistics.winning_days", "winning days", "%", "share of days above zero"),
        Row("statistics.skewness", "skewness", "", "0 for a normal distribution"),
        Row("statistics.kurtosis", "kurtosis", "", "3 for a normal distribution"),
        Row("statistics.autocorrelation", "autocorrelation", "",
            "from day to day; above 0 it flatters every yearly ratio", "Lo 2002"),
        Row("statistics.beta", "beta", "", _HOLDING, "Sharpe 1964"),
        Row("statistics.alpha", "alpha", "%", f"per year, {_HOLDING}", "Jensen 1968"),
        Row("statistics.information_ratio", "information ratio", "", f"per year, {_HOLDING}",
            "Treynor & Black 1973"),
    ),
    "Luck": (
        Row("overfit.trials", "trials", "",
            "of this strategy on this market that are on record, this one included"),
        Row("overfit.probabilistic_sharpe_ratio", "probabilistic Sharpe", "%",
            "chance that the true ratio is above 0", _PSR),
        Row("overfit.deflated_sharpe_ratio", "deflated Sharpe", "%",
            "the same against the best of so many trials without skill", _DSR),
        Row("overfit.deflated_sharpe_ratio_2026", "deflated Sharpe, form of 2026", "%",
            "the same with autocorrelation and the variance of the null; the gate’s own"),
        Row("overfit.probability_of_overfitting", "probability of overfitting", "%",
            "how often the best trial in sample is below the median outside (CSCV)",
            "Bailey, Borwein, López de Prado & Zhu 2017"),
        Row("statistics.minimum_track_record", "minimum track record", "days",
            "after which a ratio of this size is told from 0 at 95 %", _PSR),
        Row("stressed_return", f"total return at {STRESS:g}× the costs", "%",
            "what is left if trading costs more than thought"),
    ),
}
# fmt: on


def statistics(result: "BacktestResult") -> str:
    """The table as HTML."""
    return "".join(_block(result, heading, rows) for heading, rows in ROWS.items())


def _block(result: "BacktestResult", heading: str, rows: tuple[Row, ...]) -> str:
    body = "".join(
        f'<tr><th scope="row">{html.escape(row.name)}<small>{html.escape(row.meaning)}'
        + (f" <cite>{html.escape(row.source)}</cite>" if row.source else "")
        + f'</small></th><td data-key="{row.path}">{row.text(result)}</td></tr>'
        for row in rows
    )
    return f'<div><h3>{heading}</h3><table class="statistics"><tbody>{body}</tbody></table></div>'

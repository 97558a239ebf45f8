"""A run as one HTML page that opens offline: template, style, script and Plotly in one file."""

import html
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from xq.backtest import report_charts as charts
from xq.backtest import report_tables as tables
from xq.clock import iso

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

_PAGE = Path(__file__).parent / "page"


def page(result: "BacktestResult") -> str:
    """The whole page; the same result gives the same text.

    Long runs are drawn from their extremes (see `report_charts.thin`), which keeps a page of
    525,600 bars below 8 MB; tables and figures are always computed from every bar.
    """
    symbols = " ".join(result.bars.symbols)
    figures = {"run": charts.run_figure(result), "trips": charts.trips_figure(result)}
    days = (result.end_ms - result.start_ms) / 86_400_000
    span = f"{_minute(result.start_ms)} to {_minute(result.end_ms)} UTC"
    params = ", ".join(f"{name} {str(value).lower()}" for name, value in result.params.items())
    slots = {
        "title": html.escape(f"{result.strategy} on {symbols} {result.bars.timeframe}"),
        "style": (_PAGE / "page.css").read_text(encoding="utf-8"),
        "script": (_PAGE / "page.js").read_text(encoding="utf-8"),
        "badge": "synthetic" if result.data.synthetic else "recorded",
        "provenance": html.escape(result.data.label),
        "strategy": html.escape(f"{result.strategy} on {symbols}"),
        "lead": html.escape(
            f"{span}, {len(result.bars):,} bars of {result.bars.timeframe} ({days:,.0f} days)"
            + (f". {params}" if params else "")
        ),
        "figures": tables.key_figures(result),
        "notes": tables.notes(result),
        "drawn": html.escape(charts.what_is_drawn(result)),
        "months": tables.months(result),
        "trips_note": html.escape(charts.what_is_counted(result)),
        "exits": tables.exits(result),
        "statistics": tables.statistics(result),
        "costs": tables.costs(result),
        "data": tables.data(result),
        "run_id": f'<span class="mono">{result.run_id}</span>',
        "json": _script_safe(json.dumps(figures, allow_nan=False, separators=(",", ":"))),
        "plotly": plotly_source(),
    }
    return _filled((_PAGE / "page.html").read_text(encoding="utf-8"), slots)


def plotly_source() -> str:
    """Plotly's JavaScript, read from the installed package without importing it."""
    spec = find_spec("plotly")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ImportError("plotly is not installed")
    path = Path(next(iter(folders))) / "package_data" / "plotly.min.js"
    return path.read_text(encoding="utf-8")


def _filled(template: str, slots: dict[str, str]) -> str:
    parts = template.split("{{")
    text = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}}")
        text += [slots[name], rest]
    return "".join(text)


def _script_safe(text: str) -> str:
    return text.replace("<", "\\u003c")


def _minute(ts_ms: int) -> str:
    return iso(ts_ms)[:16].replace("T", " ")

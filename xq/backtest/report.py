"""A run as one HTML page that opens offline: template, style, script and Plotly in one file."""

import html
import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from xq.backtest import report_tables as tables
from xq.backtest.report_luck import fan_drawing
from xq.backtest.report_plot import Drawing
from xq.backtest.report_search import study_drawings
from xq.backtest.report_statistics import statistics
from xq.backtest.report_study import Study, best
from xq.backtest.report_time import time_drawings
from xq.backtest.report_trips import trip_drawings
from xq.clock import iso

if TYPE_CHECKING:
    from xq.backtest.result import BacktestResult

_PAGE = Path(__file__).parent / "page"
_ALONE = Study()
_NAMED_SYMBOLS = 6


def page(result: "BacktestResult", study: Study = _ALONE) -> str:
    """The whole page; the same result gives the same text.

    Long runs are drawn from their extremes (see `report_plot.thin`), which keeps a page of
    525,600 bars below 8 MB; tables and figures are always computed from every bar.

    Parameters
    ----------
    study
        The search the run comes from; its figures are drawn where it has trials or windows.
    """
    over_time, trips, luck = time_drawings(result), trip_drawings(result), fan_drawing(result)
    searched = study_drawings(study)
    drawings = [*over_time, *trips, luck, *searched]
    figures = {one.name: one.figure for one in drawings if one.figure is not None}
    symbols = shortened(result.bars.symbols)
    slots = {
        "title": html.escape(f"{result.strategy} on {symbols} {result.bars.timeframe}"),
        "style": (_PAGE / "page.css").read_text(encoding="utf-8"),
        "script": (_PAGE / "page.js").read_text(encoding="utf-8"),
        "badge": "synthetic" if result.data.synthetic else "recorded",
        "provenance": html.escape(result.data.label),
        "strategy": html.escape(f"{result.strategy} on {symbols}"),
        "lead": html.escape(_lead(result)),
        "verdict": tables.verdict(result),
        "figures": tables.key_figures(result),
        "notes": tables.notes(result),
        "over_time": _sections(over_time),
        "months": tables.months(result),
        "trips": _sections(trips),
        "exits": tables.exits(result),
        "symbols": _titled("Symbols", tables.symbols(result)),
        "fan": _sections([luck]),
        "search": _search(study, searched),
        "breakdown": _titled("Calendar and regimes", tables.breakdown(result)),
        "statistics": statistics(result),
        "costs": tables.costs(result),
        "data": tables.data(result, study.ledger_head),
        "run_id": f'<span class="mono">{html.escape(result.run_id)}</span>',
        "json": _script_safe(json.dumps(figures, allow_nan=False, separators=(",", ":"))),
        "result": _script_safe(json.dumps(result.summary(), allow_nan=False)),
        "plotly": plotly_source(),
    }
    return _filled((_PAGE / "page.html").read_text(encoding="utf-8"), slots)


def shortened(names: Iterable[str], most: int = _NAMED_SYMBOLS) -> str:
    """Names in one line, the rest of many as a number.

    Examples
    --------
    >>> shortened(["A/B", "C/D", "E/F"], most=2)
    'A/B C/D and 1 more'
    """
    known = list(names)
    rest = len(known) - most
    return " ".join(known[:most]) + (f" and {rest} more" if rest > 0 else "")


def plotly_source() -> str:
    """Plotly's JavaScript, read from the installed package without importing it."""
    spec = find_spec("plotly")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise ImportError("plotly is not installed")
    path = Path(next(iter(folders))) / "package_data" / "plotly.min.js"
    return path.read_text(encoding="utf-8")


def _lead(result: "BacktestResult") -> str:
    minutes = (result.end_ms - result.start_ms) / 60_000
    length = f"{minutes / 1440:,.0f} days" if minutes >= 2 * 1440 else f"{minutes:,.0f} minutes"
    params = ", ".join(f"{name} {str(value).lower()}" for name, value in result.params.items())
    return (
        f"{_minute(result.start_ms)} to {_minute(result.end_ms)} UTC, {len(result.bars):,} bars of "
        f"{result.bars.timeframe} ({length})" + (f". {params}" if params else "")
    )


def _sections(drawings: Iterable[Drawing]) -> str:
    return "".join(_section(one) for one in drawings)


def _section(one: Drawing) -> str:
    """A figure with its legend and its words; where there is nothing to draw the words alone."""
    keys = "".join(
        f'<li><span aria-hidden="true" style="color:var({key.colour})">{key.mark}</span> '
        f"{html.escape(key.text)}</li>"
        for key in one.keys
    )
    legend = f'<ul class="legend">{keys}</ul>' if len(one.keys) > 1 else ""
    height = " tall" if one.tall else ""
    chart = (
        f'<div id="{one.name}" class="chart{height}" role="img" tabindex="0" '
        f'aria-labelledby="{one.name}-title" aria-describedby="{one.name}-words"></div>'
        if one.figure is not None
        else ""
    )
    return (
        f'<figure><h2 id="{one.name}-title">{html.escape(one.title)}</h2>{legend}{chart}'
        f'<figcaption id="{one.name}-words">{html.escape(one.caption)}</figcaption></figure>'
    )


def _titled(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _search(study: Study, drawings: list[Drawing]) -> str:
    if not drawings:
        return ""
    rows = [
        f'<tr><th scope="row">{html.escape(params)}</th><td>{text}</td></tr>'
        for params, text in best(study)
    ]
    heads = ("best trials", html.escape(study.figure))
    listed = tables.table(heads, rows) if study.varied else ""
    return f'<section class="search" id="search">{_sections(drawings)}{listed}</section>'


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

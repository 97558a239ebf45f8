"""What every figure of a report is made of: plain Plotly objects and their words.

Colours are names of the page's own variables, such as ``--gain``: the page's script replaces them,
so that one figure serves light and dark. Only SVG traces are used: a page must open on a machine
without WebGL.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

DRAWN_POINTS = 6_000
SERIES = ("--one", "--two", "--three", "--four", "--five", "--six")
_DASHES = ("solid", "dash", "dot", "dashdot")
_LARGE = 1e6

Figure = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a figure's legend: a mark in a colour, and what it stands for."""

    text: str
    colour: str
    mark: str = "━"


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure of the page.

    Attributes
    ----------
    name
        Its id in the page.
    title
        Heading.
    caption
        What is seen, in words: for readers who do not see it too.
    figure
        Plotly's ``data`` and ``layout``; None where there is nothing to draw, the caption says why.
    keys
        The legend.
    tall
        Whether it needs more height.
    """

    name: str
    title: str
    caption: str
    figure: Figure | None = None
    keys: tuple[Key, ...] = ()
    tall: bool = False


def thin(values: np.ndarray, most: int = DRAWN_POINTS) -> np.ndarray:
    """Rows to draw: all, or the lowest and highest of equal stretches, so that no extreme is lost.

    Examples
    --------
    >>> thin(np.array([0.0, 5.0, 1.0, 2.0, 9.0, 3.0, 3.0, 1.0]), most=4).tolist()
    [0, 1, 4, 7]
    """
    if len(values) <= most:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), most // 2 + 1).astype(np.int64)
    known = np.isfinite(values)
    filled = np.where(known, values, np.mean(values[known]) if known.any() else 0.0)
    rows: list[int] = []
    for start, stop in itertools.pairwise(edges):
        stretch = filled[start:stop]
        low, high = start + int(np.argmin(stretch)), start + int(np.argmax(stretch))
        rows += [low] if low == high else sorted((low, high))
    return np.array(rows)


def line(
    times: np.ndarray, values: np.ndarray, name: str, number: int = 0, **more: Any
) -> tuple[Figure, Key]:
    """A curve and its entry in the legend; told apart by colour and by dashes.

    Parameters
    ----------
    number
        Which of the figure's curves.
    more
        Further properties of the trace.
    """
    rows = thin(values)
    colour, dash = SERIES[number % len(SERIES)], _DASHES[number % len(_DASHES)]
    trace: Figure = {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": times[rows].tolist(),
        "y": short(values[rows]),
        "line": {"color": colour, "width": 1.6 if number == 0 else 1.3, "dash": dash},
        "hovertemplate": "%{y:,.6~g}<extra>%{fullData.name}</extra>",
    }
    return trace | more, Key(name, colour, "━" if dash == "solid" else "╍")


def time_layout(start_ms: int, end_ms: int, title: str, **axis: Any) -> Figure:
    """Layout of a figure over the run's time; the page moves all of these together."""
    return layout() | {
        "xaxis": make_axis(type="date", showgrid=False, range=[start_ms, end_ms]),
        "yaxis": make_axis(**({"title": {"text": title}} | axis)),
        "hovermode": "x unified",
        "meta": "time",
    }


def layout() -> Figure:
    """What all figures share."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "--soft", "family": "inherit"},
        "hoverlabel": {
            "font": {"family": "inherit", "color": "--ink"},
            "bgcolor": "--card",
            "bordercolor": "--line",
        },
        "showlegend": False,
        "bargap": 0.08,
        "dragmode": "zoom",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "--line", "activecolor": "--soft"},
    }


def make_axis(**more: Any) -> Figure:
    """An axis in the page's colours that makes room for its own labels."""
    colours = {"gridcolor": "--grid", "linecolor": "--line", "zerolinecolor": "--soft"}
    return {**colours, "zerolinewidth": 1, "automargin": True, "title": {"text": ""}, **more}


def money(values: np.ndarray) -> str:
    """Format of an axis: whole numbers as they are, millions with their letter."""
    known = values[np.isfinite(values)]
    return ".3~s" if len(known) and np.max(np.abs(known)) >= _LARGE else ",.6~g"


def short(values: np.ndarray) -> list[float | None]:
    """Seven digits are more than any screen shows; what is not a number is a gap."""
    return [float(f"{value:.7g}") if np.isfinite(value) else None for value in values.tolist()]


def plain(text: str) -> str:
    """A text for Plotly, which reads some HTML and its own ``%{…}`` in names and labels.

    Examples
    --------
    >>> plain("<b>%{x}")
    '&lt;b&gt;％{x}'
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("%{", "％{")


def percent(value: float, digits: int = 2) -> str:
    """For people; a dash for what is not a number."""
    return "–" if not np.isfinite(value) else f"{number(value * 100, digits)} %"


def number(value: float, digits: int = 2) -> str:
    """For people; a dash for what is not a number.

    Examples
    --------
    >>> number(-1234.567), number(-0.001), number(float("nan"))
    ('−1,234.57', '0.00', '–')
    """
    return "–" if not np.isfinite(value) else f"{value:z,.{digits}f}".replace("-", "−")


def sampled(count: int, drawn: int, things: str) -> str:
    """Says which share of many things is drawn; nothing if all are.

    Examples
    --------
    >>> sampled(5000, 1000, "round trips")
    'Every 5th of 5,000 round trips is drawn.'
    >>> sampled(10, 1000, "round trips")
    ''
    """
    step = -(-count // drawn)
    if step <= 1:
        return ""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(step % 10 if step % 100 // 10 != 1 else 0, "th")
    return f"Every {step:,}{ending} of {count:,} {things} is drawn."


def counted(count: int, thing: str) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "day"), counted(1200, "day")
    ('1 day', '1,200 days')
    """
    return f"{count:,} {thing}{'s' * (count != 1)}"

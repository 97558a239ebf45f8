"""Figures of a search: walk-forward strip, heat map, parallel coordinates."""

from collections.abc import Sequence

import numpy as np

from xq.backtest.report_plot import (
    Drawing,
    Figure,
    Key,
    layout,
    make_axis,
    number,
    percent,
    plain,
)
from xq.backtest.report_study import Study, Trial, named, value_text

DRAWN_TRIALS = 400
_AXES = 6
_LEGIBLE = 80  # cells of a heat map that still get their number
_RANKS = (("--rank-1", "worst fifth"), ("--rank-2", ""), ("--rank-3", "middle"), ("--rank-4", ""),
          ("--rank-5", "best fifth"))  # fmt: skip


def study_drawings(study: Study) -> list[Drawing]:
    """Those figures the study has the material for."""
    found = [strip(study)] if study.windows else []
    known = [trial for trial in study.trials if np.isfinite(trial.figure)]
    if study.varied and len(known) > 1:
        found += [heat_map(study, known), parallel(study, known)]
    return found


def strip(study: Study) -> Drawing:
    """Training ranges as thin bars, test ranges as thick ones, the test's return beside each."""
    windows = study.windows
    rows = [f"{k + 1}" for k in range(len(windows))]
    gains = [window.out_of_sample > 0 for window in windows]
    test = _spans(rows, [w.test for w in windows], 0.8)
    test["marker"] = {
        "color": ["--gain" if gain else "--loss" for gain in gains],
        "pattern": {"shape": ["" if gain else "/" for gain in gains], "fgcolor": "--card"},
    }
    test["hovertext"] = [
        f"window {row}: {percent(w.in_sample)} in sample, {percent(w.out_of_sample)} out of sample"
        for row, w in zip(rows, windows, strict=True)
    ]
    train = _spans(rows, [w.train for w in windows], 0.28)
    train |= {"marker": {"color": "--line-strong"}, "hoverinfo": "skip"}
    axes = {
        "xaxis": make_axis(type="date", showgrid=True),
        "yaxis": make_axis(autorange="reversed", type="category", title={"text": "window"}),
        "barmode": "overlay",
    }
    total = float(np.prod([1 + w.out_of_sample for w in windows]) - 1)
    said = (
        f"{sum(gains)} of {len(windows)} windows gain out of sample; together "
        f"{percent(total)} out of sample."
    )
    keys = (Key("trained on", "--line-strong", "━"), Key("tested: gain", "--gain", "■"),
            Key("tested: loss", "--loss", "▨"))  # fmt: skip
    figure = {"data": [train, test], "layout": layout() | axes}
    return Drawing("windows", "Walk-forward", said, figure, keys, tall=len(windows) > 8)


def heat_map(study: Study, trials: Sequence[Trial]) -> Drawing:
    """The figure over the two parameters that move it most; one parameter gives one row."""
    names = sorted(study.varied, key=lambda name: -_moved(trials, name))[:2]
    first, second = names[0], names[1] if len(names) > 1 else None
    columns = _levels(trials, first)
    rows = [""] if second is None else _levels(trials, second)
    cells: dict[tuple[str, str], list[float]] = {}
    for trial in trials:
        row = "" if second is None else value_text(trial.params.get(second))
        cells.setdefault((row, value_text(trial.params.get(first))), []).append(trial.figure)
    z = [
        [
            float(np.mean(cells[row, column])) if (row, column) in cells else None
            for column in columns
        ]
        for row in rows
    ]
    most = max(abs(value) for line in z for value in line if value is not None) or 1.0
    trace: Figure = {
        "type": "heatmap",
        "x": [plain(text) for text in columns],
        "y": [plain(text) for text in rows],
        "z": [[None if value is None else float(f"{value:.5g}") for value in line] for line in z],
        "zmin": -most,
        "zmax": most,
        "xgap": 1,
        "ygap": 1,
        "colorscale": [[0, "--loss-deep"], [0.5, "--middle"], [1, "--gain-deep"]],
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickfont": {"color": "--soft"}},
        "hovertemplate": "%{x}, %{y}: %{z:.2f}<extra></extra>",
    }
    if len(rows) * len(columns) <= _LEGIBLE:
        trace |= {"texttemplate": "%{z:.2f}", "textfont": {"color": "--ink", "size": 11}}
    axes = {
        "xaxis": make_axis(type="category", showgrid=False, title={"text": plain(first)}),
        "yaxis": make_axis(type="category", showgrid=False, title={"text": plain(second or "")}),
    }
    mean = len(trials) > len(cells)
    best = max(trials, key=lambda trial: trial.figure)
    said = (
        f"{study.figure} of {len(trials):,} {study.origin}"
        + (f"; across {first}, upwards {second}" if second else "")
        + (", averaged over the other parameters" if mean else "")
        + f". Best: {named(best.params, study.varied)} with {number(best.figure)}. A lone peak is "
        "luck more often than a plateau is."
    )
    figure = {"data": [trace], "layout": layout() | axes}
    return Drawing("heat", "Search: heat map", said, figure)


def parallel(study: Study, trials: Sequence[Trial]) -> Drawing:
    """One line per trial through its parameters to its figure; shades by fifths of the figure."""
    varied = sorted(study.varied, key=lambda name: -_moved(trials, name))
    names = [name for name in study.varied if name in varied[:_AXES]]
    order = sorted(trials, key=lambda trial: trial.figure)
    step = max(1, -(-len(order) // DRAWN_TRIALS))
    shown = order[::-1][::step][::-1]  # the best is always drawn
    scales = [_levels(trials, name) for name in names]
    low, high = order[0].figure, order[-1].figure
    traces: list[Figure] = []
    for rank, (colour, _) in enumerate(_RANKS):
        part = shown[rank * len(shown) // 5 : (rank + 1) * len(shown) // 5]
        x: list[int | None] = []
        y: list[float | None] = []
        for trial in part:
            for k, (name, levels) in enumerate(zip(names, scales, strict=True)):
                x.append(k)
                y.append(_place(levels.index(value_text(trial.params.get(name))), len(levels)))
            x += [len(names), None]
            y += [_place_of(trial.figure, low, high), None]
        if part:
            width = 2.2 if rank == len(_RANKS) - 1 else 1.1
            traces.append(
                {
                    "type": "scatter", "mode": "lines", "x": x, "y": y, "hoverinfo": "skip",
                    "line": {"color": colour, "width": width},
                }
            )  # fmt: skip
    labels = [plain(_cut(name, 14)) for name in (*names, study.figure)]
    ends = [(levels[0], levels[-1]) for levels in scales] + [(number(low), number(high))]
    axes = {
        "xaxis": make_axis(
            tickvals=list(range(len(labels))), ticktext=labels, gridcolor="--line-strong",
            range=[-0.25, len(labels) - 0.75], zeroline=False, fixedrange=True,
        ),
        "yaxis": make_axis(visible=False, range=[-0.12, 1.12], fixedrange=True),
        "annotations": [
            {
                "x": k, "y": at, "text": plain(_cut(text, 9)), "showarrow": False, "yshift": shift,
                "font": {"size": 11, "color": "--ink"}, "bgcolor": "--card",
            }
            for k, pair in enumerate(ends)
            for text, at, shift in ((pair[0], 0, -11), (pair[1], 1, 11))
        ],
    }  # fmt: skip
    keys = tuple(Key(text, colour) for colour, text in _RANKS if text)
    said = [f"One line per trial, from its parameters (left) to its {study.figure} (right)"]
    said += [f"the {_AXES} parameters that move it most"] if len(varied) > _AXES else []
    said += [f"every {step:,}th of {len(trials):,} is drawn"] if step > 1 else []
    figure = {"data": traces, "layout": layout() | axes}
    return Drawing("parallel", "Search: parallel coordinates", f"{'; '.join(said)}.", figure, keys)


def _spans(rows: Sequence[str], ranges: Sequence[tuple[int, int]], width: float) -> Figure:
    return {
        "type": "bar",
        "orientation": "h",
        "y": list(rows),
        "base": [start for start, _ in ranges],
        "x": [end - start for start, end in ranges],
        "width": width,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _levels(trials: Sequence[Trial], name: str) -> list[str]:
    """Values of a parameter as texts: numbers in their order, then words."""
    values = {value_text(trial.params.get(name)): trial.params.get(name) for trial in trials}

    def place(text: str) -> tuple[int, float, str]:
        value = values[text]
        counts = isinstance(value, int | float) and not isinstance(value, bool)
        return (0, float(value), "") if counts else (1, 0.0, text)  # type: ignore[arg-type]

    return sorted(values, key=place)


def _moved(trials: Sequence[Trial], name: str) -> float:
    """How far apart the mean figures of a parameter's values are."""
    groups: dict[str, list[float]] = {}
    for trial in trials:
        groups.setdefault(value_text(trial.params.get(name)), []).append(trial.figure)
    return float(np.std([np.mean(group) for group in groups.values()]))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _place(index: int, count: int) -> float:
    return index / (count - 1) if count > 1 else 0.5


def _place_of(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5

"""What a report draws and tabulates is what the result says."""

import html
import json
import re
from dataclasses import replace
from operator import attrgetter

import numpy as np
import pytest
from support.report_cases import result_of, searched

from xq.backtest import report, report_luck, report_search, report_statistics, report_time
from xq.backtest.report_plot import number, percent, sampled
from xq.backtest.report_study import Study, Trial
from xq.backtest.report_trips import by_symbol, scatters
from xq.metrics.daily import daily_returns
from xq.metrics.drawdown import drawdowns
from xq.metrics.excursions import Held, excursions
from xq.metrics.rolling import rolling_sharpe

DAYS = 200


@pytest.fixture(scope="module")
def run():
    return result_of(24 * DAYS, timeframe="1h", turn=30, short=True, funded=True,
                     symbols=("BTC/USDT:USDT",))  # fmt: skip


@pytest.fixture(scope="module")
def page(run):
    return report.page(run, searched())


@pytest.fixture(scope="module")
def figures(page):
    return json.loads(part(page, "drawings"))


def part(page, name):
    return re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL).group(1)


def column(figure, name):
    return next(trace for trace in figure["data"] if trace.get("name") == name)


def test_every_figure_asked_for_is_there(figures, page):
    assert set(figures) == {
        "price", "equity", "underwater", "sharpe", "exposure", "costs", "trips", "mae", "mfe",
        "fan", "windows", "heat", "parallel",
    }  # fmt: skip
    for name in figures:
        assert f'<div id="{name}" class="chart' in page
        assert f'aria-labelledby="{name}-title"' in page
        assert re.search(rf'<figcaption id="{name}-words">[^<]+</figcaption>', page)


def test_the_page_carries_the_result_itself(run, page):
    assert json.loads(part(page, "result")) == json.loads(json.dumps(run.summary()))


def test_every_statistic_is_the_results_own(run, page):
    shown = dict(re.findall(r'<td data-key="([\w.]+)">([^<]*)</td>', page))
    rows = [row for rows in report_statistics.ROWS.values() for row in rows]
    assert list(shown) == [row.path for row in rows]
    for row in rows:
        value = attrgetter(row.path)(run)
        if row.unit == "%":
            assert shown[row.path] == percent(value)
        else:
            digits = 0 if isinstance(value, int) else 2
            assert shown[row.path].removesuffix(row.unit).strip() == number(value, digits)


def test_every_metric_stands_in_the_table():
    paths = {row.path for rows in report_statistics.ROWS.values() for row in rows}
    summary = result_of(300).summary()
    assert {f"metrics.{name}" for name in summary["metrics"]} <= paths
    assert {f"overfit.{name}" for name in summary["overfit"]} <= paths
    missing = {f"statistics.{name}" for name in summary["statistics"]} - paths
    assert missing == {
        "statistics.probabilistic_sharpe_ratio", "statistics.probabilistic_sharpe_ratio_2026",
        "statistics.minimum_track_record_2026",
    }  # fmt: skip


def test_curves_are_equity_benchmark_and_drawdown(run, figures):
    start, growth = run.simulation.initial_cash, run.simulation.growth
    equity = column(figures["equity"], "equity")
    assert equity["x"] == run.bars.known_at.tolist()
    np.testing.assert_allclose(equity["y"], growth, rtol=1e-6)
    np.testing.assert_allclose(column(figures["equity"], "buy and hold")["y"], run.hold, rtol=1e-6)
    fall = column(figures["underwater"], "drawdown")["y"]
    np.testing.assert_allclose(fall, drawdowns(growth, start) * 100, rtol=1e-5, atol=1e-9)


def test_a_deposit_is_no_profit_in_the_curves():
    plain = result_of(24 * 40, timeframe="1h")
    flows = np.zeros(24 * 40)
    flows[500] = 5_000.0
    paid = replace(plain.simulation, equity=plain.simulation.equity + np.cumsum(flows), flows=flows)
    drawn = report_time.equity(replace(plain, simulation=paid))
    assert drawn.figure["data"][0]["y"][-1] == pytest.approx(paid.growth[-1], rel=1e-6)
    assert paid.growth[-1] < paid.equity[-1] - 4_000
    assert "Deposits and withdrawals are no profit" in drawn.caption


def test_rolling_sharpe_is_that_of_the_last_ninety_days(run, figures):
    days = daily_returns(run.bars.known_at, run.simulation.growth, run.simulation.initial_cash)
    wanted = rolling_sharpe(days, 90, 365.0)
    drawn = [np.nan if y is None else y for y in figures["sharpe"]["data"][0]["y"]]
    np.testing.assert_allclose(drawn, wanted, rtol=1e-6)


def test_exposure_is_notional_over_equity_by_days(run, figures):
    notional = run.simulation.positions[:, 0] * run.bars.close[:, 0] / run.simulation.equity * 100
    net = notional.reshape(DAYS, 24).mean(axis=1)
    np.testing.assert_allclose(
        column(figures["exposure"], "net: long less short")["y"], net, rtol=1e-5
    )
    gross = np.abs(notional).reshape(DAYS, 24).mean(axis=1)
    np.testing.assert_allclose(column(figures["exposure"], "gross")["y"], gross, rtol=1e-5)


def test_stacked_costs_add_up_to_what_was_paid(run, figures):
    for name in ("fees", "slippage", "funding"):
        drawn = sum(column(figures["costs"], name)["y"])
        assert drawn == pytest.approx(getattr(run.metrics, name), rel=1e-4), name
    assert len(column(figures["costs"], "fees")["x"]) <= 60


def test_entries_and_exits_stand_at_their_prices_and_times(run, figures):
    entry = column(figures["price"], "entry")
    assert entry["x"] == run.bars.ts[run.trips.entry_row].tolist()
    np.testing.assert_allclose(entry["y"], run.trips.entry_price, rtol=1e-6)
    shapes = ["triangle-up" if way > 0 else "triangle-down" for way in run.trips.direction]
    assert entry["marker"]["symbol"] == shapes
    left = run.trips.exit_price[run.trips.closed]
    np.testing.assert_allclose(column(figures["price"], "exit")["y"], left, rtol=1e-6)


def test_excursions_are_drawn_against_returns(run):
    trips, closed = run.trips, run.trips.closed
    names = ("symbol", "direction", "entry_row", "exit_row", "entry_price", "exit_price")
    held = Held(*(getattr(trips, name)[closed] for name in names))
    wanted = excursions(run.bars.high, run.bars.low, held)
    for drawing, way in zip(scatters(run), (wanted.adverse, wanted.favourable), strict=True):
        traces = drawing.figure["data"]
        drawn = sorted(pair for t in traces for pair in zip(t["x"], t["y"], strict=True))
        pairs = sorted(zip(way * 100, trips.returns[closed] * 100, strict=True))
        np.testing.assert_allclose(drawn, pairs, rtol=1e-5, atol=1e-9)


def test_the_fan_holds_the_run_and_its_quantiles_in_order(run, figures):
    traces = figures["fan"]["data"]
    bands = np.array([trace["y"] for trace in traces[:5]])
    assert (np.diff(bands, axis=0) >= 0).all()
    assert traces[5]["y"][-1] == pytest.approx(run.metrics.final_equity, rel=1e-6)
    assert report_luck.fan_drawing(run) == report_luck.fan_drawing(run)
    other = replace(run, facts={"seed": 7})
    assert report_luck.fan_drawing(other).figure != report_luck.fan_drawing(run).figure


def test_the_verdict_and_every_reason_stand_first(run, page):
    verdict = run.verdict
    assert not verdict.survives
    assert page.index('id="verdict"') < page.index('id="curves"')
    for reason in verdict.reasons:
        assert f"<li>{html.escape(reason)}</li>" in page
    assert "Does not survive the gate" in page


def test_a_run_that_survives_says_so():
    good = result_of(24 * 60, timeframe="1h", stressed_return=0.1)
    luck = replace(good.overfit, deflated_sharpe_ratio_2026=0.99, probability_of_overfitting=0.01)
    good = replace(good, overfit=luck, metrics=replace(good.metrics, total_return=0.2))
    assert good.verdict.survives
    assert "Survives the gate" in report.page(good)


def test_provenance_names_data_gaps_world_and_ledger(page):
    for text in ("data hash", "missing bars", "trial ledger", "ab" * 32, "0123456789abcdef"):
        assert text in page


def test_the_heat_map_has_the_mean_of_each_cell():
    study = searched()
    cells = report_search.heat_map(study, study.trials).figure["data"][0]
    for row, slow in enumerate(cells["y"]):
        for at, fast in enumerate(cells["x"]):
            found = [
                trial.figure
                for trial in study.trials
                if [str(trial.params[name]) for name in ("fast", "slow")] == [fast, slow]
            ]
            if found:
                assert cells["z"][row][at] == pytest.approx(np.mean(found), rel=1e-4)
    assert sum(value is not None for line in cells["z"] for value in line) >= 4


def test_numbers_are_in_their_order_and_the_best_trial_is_always_drawn():
    trials = [Trial({"n": n, "word": "ab"[n % 2]}, float(n % 997)) for n in range(1, 2_001)]
    study = Study(trials)
    drawing = report_search.parallel(study, trials)
    lines = drawing.figure["data"]
    assert sum(line["x"].count(0) for line in lines) <= report_search.DRAWN_TRIALS
    assert max(y for line in lines for y in line["y"] if y is not None) == 1.0
    assert "Every" not in drawing.caption
    assert "every 5th of 2,000 is drawn" in drawing.caption
    few = report_search.heat_map(study, [t for t in trials if t.params["n"] in (2, 10, 100)])
    assert few.figure["data"][0]["x"] in (["2", "10", "100"], ["a"])


def test_windows_tell_what_was_gained_out_of_sample():
    drawing = report_search.strip(searched())
    train, test = drawing.figure["data"]
    windows = searched().windows
    assert test["base"] == [window.test[0] for window in windows]
    assert train["x"] == [window.train[1] - window.train[0] for window in windows]
    gains = sum(window.out_of_sample > 0 for window in windows)
    assert drawing.caption.startswith(f"{gains} of 6 windows gain out of sample")


def test_many_symbols_are_named_in_part_and_listed_in_full():
    names = tuple(f"C{k}/USDT" for k in range(9))
    run = result_of(24 * 30, timeframe="1h", symbols=names)
    page = report.page(run)
    assert "C5/USDT and 3 more" in page
    assert "6 of 9 symbols are drawn" in page
    for name, count, _, pnl, _ in by_symbol(run):
        assert re.search(rf"{name}</th><td>{count}</td>.*?{re.escape(number(pnl))}", page)
    assert sum(row[3] for row in by_symbol(run)) == pytest.approx(run.trips.pnl.sum())


def test_short_runs_say_why_a_figure_is_missing():
    page = report.page(result_of(200))
    assert "Not drawn: 1 day, at least 60 needed." in page
    assert "Not drawn: 1 day, at least 20 needed." in page


@pytest.mark.parametrize(
    ("count", "said"),
    [(1000, ""), (1001, "Every 2nd of 1,001"), (2500, "Every 3rd of"), (10_500, "Every 11th of"),
     (20_500, "Every 21st of")],
)  # fmt: skip
def test_what_is_left_out_is_counted(count, said):
    assert sampled(count, 1000, "things").startswith(said)


def test_gain_and_loss_are_told_apart_without_colour(figures):
    symbols = {trace["marker"]["symbol"] for trace in figures["mae"]["data"]}
    assert len(symbols) == len(figures["mae"]["data"]) == 2
    dashes = [trace["line"]["dash"] for trace in figures["equity"]["data"]]
    assert len(set(dashes)) == 2
    patterns = [trace["marker"]["pattern"]["shape"] for trace in figures["costs"]["data"]]
    assert len(set(patterns)) == 3


@pytest.mark.parametrize(
    ("rows", "timeframe", "name"),
    [
        (300, "1s", "10 seconds"),
        (600, "1m", "10 minutes"),
        (60, "1d", "day"),
        (700, "1d", "30 days"),
    ],
)
def test_costs_are_stacked_by_stretches_that_can_be_seen(
    rows: int, timeframe: str, name: str
) -> None:
    result = result_of(rows, timeframe=timeframe)
    drawing = report_time.costs(result)
    assert drawing.title == f"Costs per {name}"
    (fees, slippage) = drawing.figure["data"]
    assert 8 <= len(fees["x"]) <= 61
    for trace, total in ((fees, result.metrics.fees), (slippage, result.metrics.slippage)):
        assert sum(trace["y"]) == pytest.approx(total, rel=1e-5)
    first, last = fees["x"][0], fees["x"][-1]
    assert result.start_ms - fees["width"] <= first < last <= result.end_ms + fees["width"]

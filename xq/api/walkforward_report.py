"""The HTML page of a walk-forward: its account as a backtest, with windows and trials around it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from xq.api.walkforward import WalkForwardResult
    from xq.backtest.report_study import Study
    from xq.backtest.result import BacktestResult, Overfit


def write_walkforward_report(result: "WalkForwardResult", path: Path) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    StorageFailed
        If the file cannot be written.
    """
    import numpy as np

    from xq.backtest.report import page
    from xq.lake.disk import write_whole

    matrix = np.column_stack([one.returns for one in result.outcomes])
    write_whole(path, page(_backtest(result, matrix), _study(result, matrix)).encode())


def _backtest(result: "WalkForwardResult", matrix: "np.ndarray") -> "BacktestResult":
    from xq.api.backtest_inputs import label
    from xq.backtest.measure import measure
    from xq.backtest.result import BacktestResult, Benchmark, Law, Provenance
    from xq.metrics.returns import yearly_bars
    from xq.portfolio.accounting import round_trips

    account, setting = result.account, result.setting
    bars = setting.bars.slice(account.begin, len(setting.bars))
    ends = int(bars.ts[0]), bars.timeframe.end(int(bars.ts[-1]))
    trips = round_trips(account.run.fills, bars.close[-1], len(bars) - 1)
    told, synthetic = label(setting.market, ends[1])
    return BacktestResult(
        run_id=result.walkforward_id,
        strategy=result.strategy,
        params=asdict(result.plan),
        exchange=setting.market.exchange,
        data_hash=str(setting.facts["data"]),
        bars=bars,
        simulation=account.run,
        trips=trips,
        metrics=measure(account.run, trips, yearly_bars(len(bars), *ends)),
        costs=setting.scene.costs,
        rules=account.rules,
        law=Law(account.checked_rows, account.lookback, thin_margins=0),
        data=Provenance(told, synthetic, account.begin),
        overfit=_overfit(result, matrix),
        hold=account.hold,
        benchmark=Benchmark("hold", account.hold),
        stressed_return=account.stressed_return,
        facts={**setting.facts, "plan": asdict(result.plan)},
        notes=result.notes,
    )


def _overfit(result: "WalkForwardResult", matrix: "np.ndarray") -> "Overfit":
    import numpy as np

    from xq.backtest.result import Overfit
    from xq.backtest.sweep_judge import splits_for
    from xq.metrics.overfit import deflated_from
    from xq.metrics.pbo import pbo
    from xq.metrics.returns import sharpe_ratio
    from xq.metrics.sharpe_inference import deflated_sharpe_2026

    daily, splits = result.account.daily, splits_for(*matrix.shape)
    trials = len(result.on_record)
    return Overfit(
        trials=trials,
        probabilistic_sharpe_ratio=deflated_from(daily, np.array([sharpe_ratio(daily)])),
        deflated_sharpe_ratio=deflated_from(daily, result.on_record),
        deflated_sharpe_ratio_2026=deflated_sharpe_2026(daily, trials),
        probability_of_overfitting=pbo(matrix, splits).probability if splits else None,
    )


def _study(result: "WalkForwardResult", matrix: "np.ndarray") -> "Study":
    from xq.backtest.report_study import Study, Trial, Window
    from xq.timeframe import DAY_MS

    days = result.setting.days

    def span(part: range) -> tuple[int, int]:
        return int(days[part.start]) * DAY_MS, (int(days[part.stop - 1]) + 1) * DAY_MS

    windows = [
        Window(
            train=span(one.split.train[0]),
            test=span(one.split.test),
            in_sample=float((1.0 + matrix[one.split.train_rows, one.chosen]).prod() - 1.0),
            out_of_sample=row["return"],
            params=result.outcomes[one.chosen].params,
        )
        for one, row in zip(result.choices, result.windows, strict=True)
    ]
    return Study(
        trials=[Trial(one.params, one.figures[result.objective]) for one in result.outcomes],
        figure=result.objective.replace("_", " "),
        windows=windows,
        ledger_head=result.ledger.hash,
        origin=f"trials of walk-forward {result.walkforward_id}",
    )

"""How the comparison of the engines looks."""

from typing import TYPE_CHECKING, Any

from xq.cli.shell import Shell

if TYPE_CHECKING:
    from xq.api.backtest import BacktestRequest
    from xq.backtest.verify import Friction


def show(shell: Shell, request: "BacktestRequest") -> None:
    """One row per friction; an unexplained difference is an error after the table."""
    from xq.api.backtest_replay import require_explained, verify

    rows = verify(shell.workspace, request)
    shell.rows([_cells(row) if shell.as_table else _record(row) for row in rows])
    require_explained(rows)
    shell.note(f"both engines trade the same {rows[0].orders:,} orders; nothing is unexplained")


def _record(row: "Friction") -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__} | {"explained": row.is_explained}


def _cells(row: "Friction") -> dict[str, str]:
    return {
        "friction": row.name,
        "orders": f"{row.orders:,}",
        "vector": f"{row.vector:+.4%}",
        "replay": f"{row.replay:+.4%}",
        "apart": f"{row.difference:.1e}",
        "unexplained": f"{row.residual:.1e}" + ("" if row.is_explained else " !"),
        "why": row.explanation,
    }

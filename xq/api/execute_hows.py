"""The ways of working a parent order, made from options and what the market is like."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xq.api.execute_plan import Make, Scene, number
from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.execution.algos.plan import How


def market_made(kind: str, **options: Any) -> Make:
    """A schedule (twap, vwap, almgren_chriss) or a share of what trades (pov).

    Parameters
    ----------
    options
        Fields of `xq.live.manner.Manner`.
    """

    def make(scene: Scene) -> "How":
        from xq.live.manner import Manner
        from xq.live.parent_hows import Job, how_of

        clip = number(options.get("clip"), "--clip")
        number(options.get("rate"), "--rate")
        manner = Manner(kind, **{**options, "clip": clip})
        end_ms = scene.start_ms if kind == "pov" else _end(scene, kind)
        job = Job(scene.instrument, scene.quantity, scene.start_ms, end_ms)
        return how_of(manner, job, scene.book, scene.desk)

    return make


def iceberg(price: str, display: str, jitter: float) -> Make:
    """One limit order at a time that shows a part."""

    def make(_: Scene) -> "How":
        from xq.execution.algos.plan import Iceberg

        limit, shown = number(price, "--price"), number(display, "--display")
        if limit is None or shown is None:
            raise UsageError("an iceberg needs a price and what it displays")
        return Iceberg(limit, shown, jitter)

    return make


def trailing_stop(distance: float, activation: str | None, step: float, watched: bool) -> Make:
    """A stop that follows the price; on spot, where none may rest reduce-only, it is watched."""

    def make(scene: Scene) -> "How":
        from xq.execution.algos.plan import TrailingStop

        rests = scene.symbol.is_contract and not watched
        away = number(distance, "--distance") or Decimal(0)
        move = number(step or None, "--step") or Decimal(0)
        return TrailingStop(away, number(activation, "--activation"), move, rests)

    return make


def _end(scene: Scene, name: str) -> int:
    if scene.end_ms is None:
        raise UsageError(f"{name} needs an end", hint="--over 30m")
    return scene.end_ms

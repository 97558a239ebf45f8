"""Parent orders inside the service: stepped between bars, reported as its other looks are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xq.api.execute_run import Works, say_who_works
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.api.trade_run import Run
    from xq.live.report import Report


@dataclass
class ServiceWorks:
    """The account's parents, looked at by one service.

    Attributes
    ----------
    has_traded
        Whether the last step filled anything.
    """

    run: "Run"
    works: Works
    has_traded: bool = False

    def step(self) -> "Report":
        """Step the parents that are due, and tell what they say.

        Raises
        ------
        StorageFailed, LockHeld
            If the journal cannot be had; the next step tries again.
        """
        from xq.live.report import Act, Report

        self.has_traded = False
        told = self.works.look()
        looked = [each for each in told if not isinstance(each, XqError)]
        self.has_traded = any(each.traded for each in looked)
        plan = self.run.plan
        now_ms = max((each.now_ms for each in looked), default=plan.ws.clock.now_ms())
        return Report(
            plan.ws.config.exchange.name,
            plan.terms.account,
            plan.terms.strategy,
            str(plan.terms.timeframe),
            plan.terms.timeframe.last_closed(now_ms),
            Act.WORKED,
            notes=tuple(note for each in looked for note in each.notes),
            problems=tuple(each for each in told if isinstance(each, XqError)),
        )


@contextmanager
def working(run: "Run") -> Iterator[ServiceWorks]:
    """Let commands know that the service works parents, until its venues are released."""
    works = Works(run.plan.ws, run.calls)
    say_who_works(run.plan.ws)
    try:
        yield ServiceWorks(run, works)
    finally:
        works.release()

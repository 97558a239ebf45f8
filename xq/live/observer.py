"""What a run lets others see: every look's news, its errors, and how long things took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xq.errors import XqError
from xq.live import news
from xq.live.desk import Desk
from xq.live.report import Report
from xq.observe.event import Bus, Event, Level
from xq.ports import Clock
from xq.types import Account

if TYPE_CHECKING:
    from xq.live.figures import Counted
    from xq.observe.metrics import Metrics


@dataclass
class Observer:
    """Tells what it sees; nothing that it does can stop a run, and without listeners it rests.

    Attributes
    ----------
    metrics
        None if nobody counts.
    written
        Called after every look, to write the numbers where others read them.
    """

    clock: Clock
    bus: Bus = field(default_factory=Bus)
    metrics: "Metrics | None" = None
    written: Callable[[], None] = lambda: None
    _account: Account | None = None
    _counted: "Counted | None" = None
    _errors: frozenset[str] = frozenset()

    @property
    def is_listening(self) -> bool:
        """Whether anybody wants to know."""
        return bool(self.bus)

    @contextmanager
    def look(self, kind: str) -> Iterator[None]:
        """One look of the loop, timed."""
        began = self.clock.monotonic()
        try:
            yield
        finally:
            if self.metrics is not None:
                self.metrics.looked(kind, self.clock.monotonic() - began, self.clock.now_ms())
                self.written()

    def opened(self, desk: Desk) -> None:
        """Before a look: what is in the journal by now is known."""
        if self.is_listening:
            news.begin(desk.journal)

    def saw(self, desk: Desk, report: Report) -> None:
        """After a look: tell what changed, and what went wrong."""
        if not self.is_listening:
            return
        problems = report.problems
        try:
            self._tell(desk)
            self._count(desk)
        except XqError as error:  # the look itself went well, and its report stands
            problems = (*problems, error)
        self._fail(problems)

    def failed(self, error: XqError) -> None:
        """A look ended with an error; the same is not told again until something else comes."""
        self._fail((error,))

    def crashed(self, error: BaseException) -> None:
        """The run ends with a bug."""
        text = f"xq trade crashed: {type(error).__name__}: {error}"
        self._emit("crashed", Level.ALARM, text, error=type(error).__name__)

    def started(self, text: str, **facts: Any) -> None:
        """A service begins."""
        self._emit("started", Level.INFO, text, **facts)

    def ended(self, text: str) -> None:
        """A service ends as it should."""
        self._emit("ended", Level.INFO, text)

    def heard(self, call: str, seconds: float, failed: bool, answer: object) -> None:
        """A call to the venue ended."""
        if isinstance(answer, Account):
            self._account = answer
        if self.metrics is not None:
            self.metrics.called(call, seconds, failed, self.clock.now_ms())

    def _count(self, desk: Desk) -> None:
        if self.metrics is not None:
            from xq.live.figures import Counted, figures

            if self._counted is None:
                self._counted = Counted()
            self.metrics.keep(figures(desk, self._account, self._counted))

    def _tell(self, desk: Desk) -> None:
        for event in news.take(desk.journal, desk.market.now_ms()):
            self.bus.emit(event)

    def _fail(self, problems: tuple[XqError, ...]) -> None:
        texts = frozenset(problem.message for problem in problems)
        for problem in problems:
            if problem.message not in self._errors:
                about = problem.as_dict()
                text = str(about.pop("message"))
                self._emit("error", Level.WARNING, text, **about)
        self._errors = texts

    def _emit(self, kind: str, level: Level, text: str, **facts: Any) -> None:
        self.bus.emit(Event(kind, level, text, self.clock.now_ms(), facts))

"""What a check of the doctor says."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"  # xq works; better look at it
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it looked at, whether it is in order, and what to do if not."""

    check: str
    status: Status
    detail: str
    hint: str | None = None
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing failed; a warning is no failure."""
        return self.status is not Status.FAIL


@dataclass(frozen=True, slots=True)
class Warned:
    """What a check answers instead of words where all is not well, though nothing is broken."""

    detail: str
    hint: str | None = None


Answer = str | Warned

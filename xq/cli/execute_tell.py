"""What a parent order says while it is worked, on stderr."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from xq.cli.shell import Shell
from xq.errors import XqError

if TYPE_CHECKING:
    from xq.api.execute_shown import ParentRow
    from xq.live.parents import Looked


def heard(shell: Shell) -> "Callable[[Looked | XqError], None]":
    """Tells what a step says, each thing once in a row."""
    last: list[str] = []

    def tell(told: "Looked | XqError") -> None:
        lines = [told.message] if isinstance(told, XqError) else list(told.notes)
        if not isinstance(told, XqError) and told.traded and not lines:
            lines = [f"{told.progress.filled:f} of {told.plan.quantity:f} done"]
        if lines and lines != last:
            last[:] = lines
            for line in lines:
                shell.note(line)

    return tell


def teller(shell: Shell) -> "Callable[[ParentRow], None]":
    """Tells how far a parent is that somebody else works."""

    def tell(row: "ParentRow") -> None:
        why = f": {row.reason}" if row.reason else ""
        shell.note(f"{row.filled:f} of {row.quantity:f} done, {row.status}{why}")

    return tell

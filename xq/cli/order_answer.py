"""How commands about orders answer: notes first, then the outcome, then what went wrong."""

from typing import TYPE_CHECKING

from xq.cli.parts import show_known
from xq.cli.shell import Shell

if TYPE_CHECKING:
    from xq.api.orders_change import Answers
    from xq.api.orders_place import Answer


def announce(shell: Shell, doing: str) -> None:
    """Say whose money moves, where it is more than a simulation's."""
    from xq.api.announce import money

    for line in money(shell.workspace, doing):
        shell.note(line)


def answer(shell: Shell, told: "Answer") -> None:
    """Answer with one outcome. Raises its problem, if it has one."""
    for note in told.notes:
        shell.note(note)
    show_known(shell, told.record)
    if told.problem is not None:
        raise told.problem


def answers(shell: Shell, told: "Answers", absence: str) -> None:
    """Answer with several outcomes. Raises the first problem, if there is one."""
    for note in told.notes:
        shell.note(note)
    shell.rows_or_note(told.rows, absence)
    if told.problem is not None:
        raise told.problem

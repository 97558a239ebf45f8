"""What ``xq trade`` tells of one look."""

from typing import TYPE_CHECKING

from xq.cli.shell import Shell

if TYPE_CHECKING:
    from xq.live.report import Report


def answer(shell: Shell, report: "Report") -> None:
    """Tell a report; what went wrong in it is raised."""
    from xq.cli.fold import fold, terminal_width
    from xq.cli.story import story
    from xq.live.record import as_record

    for note in report.notes:
        shell.note(note)
    if shell.as_table:
        shell.text(fold(story(report), terminal_width()))
    else:
        shell.record(as_record(report))
    if report.problems:
        raise report.problems[0]

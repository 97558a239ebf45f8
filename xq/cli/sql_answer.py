"""The answer of one statement of ``xq sql``: to the screen, a pipe or a file."""

from collections.abc import Mapping
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

from xq.cli.output import Format
from xq.cli.shell import Shell
from xq.errors import UsageError, unknown


def answer(
    shell: Shell, text: str, parameters: Mapping[str, str], to: Path | None, *, force: bool
) -> None:
    """Show it or write it; of an answer without rows say what a person should know."""
    from xq.api.data import ask
    from xq.api.sql import Counted, about_nothing, whole_file

    if to is not None:
        if to.is_dir():
            raise UsageError("expected a file, found a folder", where=str(to))
        shell.format = _format(shell, to)
    with ask(shell.workspace, text, parameters) as found, ExitStack() as stack:
        if to is not None:
            sink = stack.enter_context(whole_file(to, replace=force))
            stack.enter_context(redirect_stdout(sink))
        counted = Counted(found)
        shell.rows(counted.answer)
    if not counted.rows and (note := about_nothing(shell.workspace, text, parameters)):
        shell.note(note)


def _format(shell: Shell, path: Path) -> Format:
    if shell.format is not None:
        return shell.format
    endings = {f".{item}": item for item in Format if item is not Format.TABLE}
    if path.suffix not in endings:
        raise unknown("ending of a file", path.suffix, sorted(endings), hint="add --output FORMAT")
    return endings[path.suffix]

"""Objects for programs as they are, for eyes without what is empty and with their rows below."""

from collections.abc import Mapping
from typing import Any

from xq.cli.shell import Shell


def show_known(shell: Shell, found: Mapping[str, Any]) -> None:
    """Answer with an object; on a terminal what is empty is left out."""
    shell.record(_known(found) if shell.as_table else found)


def show_with_rows(shell: Shell, found: Mapping[str, Any], rows: str) -> None:
    """Answer with an object; on a terminal what is empty is left out, and its rows stand below."""
    if not shell.as_table:
        shell.record(found)
        return
    shell.record(_known({name: value for name, value in found.items() if name != rows}))
    if found[rows]:
        shell.rows(found[rows], title=rows)


def _known(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value not in (None, "", (), [])}

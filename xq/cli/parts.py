"""An object that has rows: one object for programs, two tables for eyes."""

from collections.abc import Mapping
from typing import Any

from xq.cli.shell import Shell


def show_with_rows(shell: Shell, found: Mapping[str, Any], rows: str) -> None:
    """Answer with an object; on a terminal what is empty is left out, and its rows stand below."""
    if not shell.as_table:
        shell.record(found)
        return
    own = {name: value for name, value in found.items() if name != rows}
    shell.record({name: value for name, value in own.items() if value not in (None, "", (), [])})
    if found[rows]:
        shell.rows(found[rows], title=rows)

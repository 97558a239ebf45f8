"""The commands of ``xq data`` that keep the lake in order."""

import typer

from xq.cli.data_compact import compact
from xq.cli.data_du import usage
from xq.cli.data_rm import remove
from xq.cli.data_verify import verify
from xq.cli.data_watch import watch
from xq.cli.shell import command


def register(app: typer.Typer) -> None:
    """Add them to the group."""
    command(app, "verify")(verify)
    command(app, "du")(usage)
    command(app, "compact")(compact)
    command(app, "rm")(remove)
    command(app, "watch")(watch)

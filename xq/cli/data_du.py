"""``xq data du``."""

from enum import StrEnum
from typing import Annotated

import typer

from xq.cli.data_verify import Kind
from xq.cli.shell import Shell


class By(StrEnum):
    """What bytes are added up by."""

    DATASET = "dataset"
    KIND = "kind"
    EXCHANGE = "exchange"
    SYMBOL = "symbol"
    TIMEFRAME = "timeframe"


def usage(
    shell: Shell,
    by: Annotated[By, typer.Option(help="Add up by this.")] = By.DATASET,
    kind: Kind = None,
) -> None:
    """Tell where the bytes are, largest first; .xq is the lake's own records."""
    from xq.api import housekeeping

    rows = housekeeping.usage(shell.workspace, by.value, kind)
    shell.rows(rows)
    shell.note(
        f"{sum(row.bytes for row in rows):,} bytes in {sum(row.files for row in rows)} files"
    )

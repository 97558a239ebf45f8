"""A file as the source of a repair: read and judged as an import does, then lent row by row."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xq.api.data_check import Series
from xq.api.workspace import Workspace
from xq.errors import UsageError

if TYPE_CHECKING:
    from xq.collect.donors import File
    from xq.lake.formats.name import Named
    from xq.lake.layout import Dataset

_ENDINGS = (".csv", ".zip", ".parquet", ".pq", ".feather", ".json", ".gz")


def is_file(given: str) -> bool:
    """Whether ``--from`` names a file rather than an exchange.

    Examples
    --------
    >>> is_file("dump.csv"), is_file("binance")
    (True, False)
    """
    return given.endswith(_ENDINGS) or "/" in given or Path(given).is_file()


def file_donor(ws: Workspace, given: str, series: Series, sick: "Sequence[Dataset]") -> "File":
    """The rows of a file, all of them proven possible.

    Raises
    ------
    UsageError
        If it is not there, or several datasets, or others than it holds, would be mended.
    PoisonRows, DataError, CorruptFile
        As ``xq data import`` refuses it.
    """
    from xq.collect.donors import File, period_of
    from xq.lake.formats.name import read_name
    from xq.lake.importer import read_file
    from xq.lake.merge import conform

    path = Path(given)
    if not path.is_file():
        raise UsageError("no such file", where=given, hint="xq data repair --from EXCHANGE")
    named = read_name(path)
    if named.layout == "plain":
        named = replace(named, kind=series.kind or named.kind)
    if len(sick) > 1:
        some = ", ".join(str(dataset) for dataset in sick[:3])
        raise UsageError(
            f"a file mends one dataset, {len(sick)} are damaged: {some}",
            where=given,
            hint="add --kind, --symbol, --timeframe or --exchange",
        )
    bar = None
    for dataset in sick:
        _fits(dataset, named, given)
        bar = dataset.bar
    taken = read_file(path, named, bar, now_ms=ws.clock.now_ms())
    rows = conform(taken.rows, sick[0].spec, given) if sick else taken.rows
    return File(rows, f"file {path.name}", period_of(path.name))


def _fits(dataset: "Dataset", named: "Named", given: str) -> None:
    said = {
        "kind": (named.kind, dataset.kind),
        "symbol": (named.symbol, dataset.symbol),
        "timeframe": (named.timeframe, dataset.timeframe),
    }
    for name, (found, wanted) in said.items():
        if found is not None and found != wanted and not _same_pair(name, found, wanted):
            raise UsageError(
                f"the file holds {name} {found}, damaged is {dataset}",
                where=given,
                hint=f"xq data repair --from {given} --{name} {found}",
            )


def _same_pair(name: str, found: str, wanted: str | None) -> bool:
    """A dump's name BTCUSDT does not say whether the pair or its contract is meant."""
    return name == "symbol" and wanted is not None and wanted.partition(":")[0] == found

"""An import that contradicts stored rows: refused, or done with the old rows set aside."""

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xq.clock import iso
from xq.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from xq.api.data_import import Wanted
    from xq.lake.layout import Dataset
    from xq.lake.review import Difference, Review
    from xq.lake.writer import LakeWriter


@dataclass(slots=True)
class Revision:
    """What one file would change of what is stored.

    Attributes
    ----------
    replaced
        Stored rows that were set aside for it.
    """

    dataset: "Dataset"
    path: Path
    wanted: "Wanted"
    at_ms: int
    replaced: int = field(default=0, init=False)

    def review(self, writer: "LakeWriter") -> "Review":
        """For `LakeWriter.upsert`: refuses, or with ``force`` keeps the old rows first."""
        from xq.lake.review import Review

        def decide(review: "Review") -> None:
            self._refuse_unless_forced(review)
            self._keep(writer, review.differences())
            self.replaced = review.count

        return Review(self.dataset.spec, decide)

    def rehearse(self, root: Path, rows: "pa.Table") -> None:
        """Refuse as the import would, storing nothing.

        Raises
        ------
        DataError
            If stored rows differ.
        CorruptFile
            If a stored file cannot be read.
        """
        from xq.lake import arrays, merge
        from xq.lake.reader import Lake
        from xq.lake.review import Review

        if not rows.num_rows:
            return
        fresh = merge.unique(merge.conform(rows, self.dataset.spec, ""), self.dataset.spec)
        ts = arrays.times(fresh["ts"])
        stored = Lake(root).stored(self.dataset, int(ts[0]), int(ts[-1]) + 1)
        review = Review(self.dataset.spec, self._refuse_unless_forced)
        review.admit(stored, fresh)
        review.settle()

    def _refuse_unless_forced(self, review: "Review") -> None:
        if self.wanted.force:
            return
        rows = "bars" if self.dataset.bar else "rows"
        raise DataError(
            f"{review.count} of {review.compared} stored {rows} differ; nothing was changed\n"
            f"  first {_said(review.first())}",
            where=f"{self.path} against {self.dataset}",
            hint=f"{self._command()} replaces them and sets the old ones aside",
        )

    def _keep(self, writer: "LakeWriter", found: "list[Difference]") -> None:
        from xq.lake.quarantine import BadRow, keep

        rows = [
            BadRow(
                _epoch_ms(item),
                number,
                "replaced",
                f"replaced by {self.path.name}: {_said(item)}",
                json.dumps(item.stored, default=str),
            )
            for number, item in enumerate(found, start=1)
        ]
        # Each time anew: the same row may be replaced, brought back and replaced again.
        keep(writer, self.dataset, f"lake until {iso(self.at_ms)}", rows, at_ms=self.at_ms)

    def _command(self) -> str:
        words = ["xq", "data", "import", str(self.path), "--exchange", str(self.dataset.exchange)]
        of_book = self.dataset.kind.startswith("book_")
        if of_book or self.wanted.kind is not None:
            words += ["--kind", self.dataset.kind]
        if not of_book:  # the messages of books say the symbol
            words += ["--symbol", str(self.dataset.symbol)]
        if self.dataset.timeframe:
            words += ["--timeframe", self.dataset.timeframe]
        return shlex.join([*words, "--force"])


def _said(item: "Difference") -> str:
    name = item.column
    return f"{iso(_epoch_ms(item))}: {name} {item.stored[name]} stored, {item.given[name]} given"


def _epoch_ms(item: "Difference") -> int:
    from datetime import datetime

    from xq.lake.arrays import epoch_ms

    moment = item.stored["ts"]
    return epoch_ms(moment) if isinstance(moment, datetime) else 0

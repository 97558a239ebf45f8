"""Finished trials on disk, so that a sweep that was killed goes on where it stopped.

Each batch is one file that is there whole or not at all. What cannot be read is run again.
"""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from xq.backtest.sweep_trial import FIGURES, Outcome
from xq.errors import XqError
from xq.lake.disk import make_folder, write_whole
from xq.strategy.process import rebuilt

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile)


class TrialStore:
    """The folder of one sweep."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_folder(folder)

    def keep(self, outcomes: Sequence[Outcome]) -> None:
        """Write one batch.

        Raises
        ------
        StorageFailed
            If the disk refuses.
        """
        if not outcomes:
            return
        told = [
            {
                "number": one.number,
                "params": dict(one.params),
                "checked_rows": one.checked_rows,
                "error": None if one.error is None else one.error.as_dict(),
            }
            for one in outcomes
        ]
        accepted = [one for one in outcomes if one.error is None]
        figures = [[one.figures[name] for name in FIGURES] for one in accepted]
        data = io.BytesIO()
        np.savez(
            data,
            told=np.frombuffer(json.dumps(told).encode(), np.uint8),
            figures=np.array(figures, np.float64).reshape(len(accepted), len(FIGURES)),
            returns=np.array([one.returns for one in accepted], np.float64),
        )
        write_whole(self.folder / f"{outcomes[0].number:08d}.npz", data.getvalue())

    def kept(self) -> dict[int, Outcome]:
        """Every trial that is on disk, by number."""
        found: dict[int, Outcome] = {}
        for path in sorted(self.folder.glob("*.npz")):
            try:
                found |= {one.number: one for one in _read(path)}
            except _UNREADABLE:
                path.unlink(missing_ok=True)
        return found


def _read(path: Path) -> list[Outcome]:
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
        told = json.loads(stored["told"].tobytes())
        figures, returns = iter(stored["figures"]), iter(stored["returns"])
        return [_outcome(one, figures, returns) for one in told]


def _outcome(told: dict[str, object], figures: object, returns: object) -> Outcome:
    number, params = int(str(told["number"])), told["params"]
    if not isinstance(params, dict):
        raise TypeError("parameters are a mapping")
    if told["error"] is not None:
        error: XqError = rebuilt(told["error"])  # type: ignore[arg-type]
        return Outcome(number, params, error=error)
    values = dict(zip(FIGURES, next(figures).tolist(), strict=True))  # type: ignore[call-overload]
    checked = int(str(told["checked_rows"]))
    return Outcome(number, params, values, next(returns), checked)  # type: ignore[call-overload]

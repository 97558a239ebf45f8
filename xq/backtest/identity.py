"""The name of a run: the same inputs give the same name, anywhere."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from xq.backtest.conditions import Conditions

RUN_ID_DIGITS = 16


def source_hash(files: Iterable[Path]) -> str:
    """Fingerprint of the files a strategy is made of, by name and content.

    Raises
    ------
    OSError
        If one cannot be read.
    """
    lines = (f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.name}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def run_id(facts: Mapping[str, object]) -> str:
    """Sixteen hexadecimal digits that stand for everything that decides a run's outcome.

    Parameters
    ----------
    facts
        Plain values: source, parameters, costs, rules, hash of the data, versions.

    Examples
    --------
    >>> run_id({"a": 1, "b": 2.0}) == run_id({"b": 2.0, "a": 1})
    True
    >>> run_id({"a": 1}) == run_id({"a": 2})
    False
    """
    text = json.dumps(facts, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:RUN_ID_DIGITS]


def conditions_hash(conditions: Conditions) -> str:
    """Fingerprint of the world of a run: rules as of the time, slippage, prices inside bars.

    Examples
    --------
    >>> conditions_hash(Conditions()) == conditions_hash(Conditions(flows=np.zeros(2)))
    False
    """
    digest = hashlib.sha256(repr(conditions.eras).encode())
    for name in ("frictions", "path", "marks"):
        part = getattr(conditions, name)
        fields = () if part is None else part.__slots__
        for values in (getattr(part, field) for field in fields):
            digest.update(f"{name}:{values.dtype.str}:{values.shape};".encode())
            digest.update(np.ascontiguousarray(values).data)
    if conditions.flows is not None:
        digest.update(b"flows;" + conditions.flows.tobytes())
    return digest.hexdigest()

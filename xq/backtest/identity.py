"""The name of a run: the same inputs give the same name, anywhere."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

RUN_ID_DIGITS = 16


def source_hash(path: Path) -> str:
    """Fingerprint of a strategy's file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


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

"""The name of a run: the same inputs give the same name, anywhere."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

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

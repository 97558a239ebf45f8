"""Which dataset the parts of an object's name, or of a path below the root, stand for."""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from xq.errors import UnknownName
from xq.lake.layout import Dataset
from xq.lake.schema import kind_of


def dataset_of(parts: Sequence[str]) -> Dataset | None:
    """The dataset with this path below the root; None if it is none."""
    pairs = [part.partition("=") for part in parts[1:]]
    try:
        if tuple(key for key, _, _ in pairs) != kind_of(parts[0]).partition:
            return None
        return Dataset(parts[0], **{key: unquote(value) for key, _, value in pairs})
    except (ValueError, UnknownName):
        return None


_CONTENT = re.compile(r"[0-9a-f]{64}-[0-9a-f]{12}\.(parquet|json)")


def is_content(key: str) -> bool:
    """Whether the last part of a name is one that commits give."""
    return _CONTENT.fullmatch(key.rpartition("/")[2]) is not None


def owner_of(key: str) -> Dataset | None:
    """The dataset that a Parquet file's object is of; None if it is no such object."""
    if not key.endswith(".parquet") or not is_content(key):
        return None
    return dataset_of(key.split("/")[:-2])

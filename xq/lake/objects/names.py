"""Which dataset the parts of an object's name, or of a path below the root, stand for."""

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

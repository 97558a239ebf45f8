"""Small JSON files that carry their own checksum: a changed byte is noticed, never believed."""

import json
from hashlib import sha256
from typing import Any

_HEAD = b"sha256 "
_LENGTH = len(_HEAD) + 64


def dump(tree: Any) -> bytes:
    """The bytes of a sealed file: one line with the checksum, one with the JSON.

    Examples
    --------
    >>> parse(dump({"a": [1, 2]}))
    {'a': [1, 2]}
    """
    body = json.dumps(tree, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    return _HEAD + sha256(body).hexdigest().encode() + b"\n" + body


def parse(data: bytes) -> Any:
    """The tree of a sealed file, or of plain JSON, which older files are.

    Raises
    ------
    ValueError
        If a byte changed, or it is no such file.
    """
    if data[:1] == b"{":
        return json.loads(data)
    body = data[_LENGTH + 1 :]
    if data[: len(_HEAD)] != _HEAD or data[_LENGTH : _LENGTH + 1] != b"\n":
        raise ValueError("it does not start with its checksum")
    if sha256(body).hexdigest().encode() != data[len(_HEAD) : _LENGTH]:
        raise ValueError("its bytes do not match its checksum")
    return json.loads(body)

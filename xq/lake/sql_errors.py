"""What DuckDB says, as errors of xq with the place in the statement."""

import errno
import os
import re
from pathlib import Path

from xq.errors import StorageFailed, UsageError, XqError
from xq.lake import layout, parquet
from xq.lake.disk import failed
from xq.lake.schema import KINDS

_INDENT = "\n" + " " * len("  where: ")
_REFUSED = re.compile(r'"(?P<path>/[^"]+)"[^"\n]*?: (?P<reason>[A-Z][^:"\n]+)$', re.MULTILINE)
_CAUSES = {
    os.strerror(number): number
    for number in (errno.EIO, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.ENOENT,
                   errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOMEM, errno.ESTALE)
}  # fmt: skip
_CLASS = re.compile(r"^(?:[A-Z][A-Za-z ]{0,30} Error: )+")


def explain(error: Exception, root: Path | None, sql: str = "") -> XqError:
    """The error to show: a disk that refuses, a broken file by its name, a mistake by its line."""
    import duckdb

    message = str(error)
    disk = refused(message)
    if disk is not None:
        return disk
    file = _file_named(message, root)
    if file is not None:
        if isinstance(error, duckdb.PermissionException):
            return StorageFailed("permission denied", where=str(file))
        return parquet.corrupt(file, head(error))
    first, _, place = message.partition("\nLINE ")
    where = _INDENT.join(f"LINE {place}".rstrip().splitlines()) if place else None
    hint = None
    if isinstance(error, duckdb.CatalogException) and "Table" in first:
        hint = 'xq sql "show tables"'
    elif isinstance(error, duckdb.BinderException) and "column" in first:
        named = [name for name in KINDS if re.search(rf"\b{name}\b", sql, re.IGNORECASE)]
        hint = f'xq sql "describe {named[0]}"' if named else None
    return UsageError(_lowered(first), where=where, hint=hint)


def head(error: Exception) -> str:
    """What an error says, without the place."""
    return _lowered(str(error).partition("\nLINE ")[0])


def refused(message: str) -> XqError | None:
    """What the operating system said to DuckDB about a file; None if it said nothing."""
    found = _REFUSED.search(message)
    number = _CAUSES.get(found["reason"].strip()) if found else None
    if found is None or number is None:
        return None
    return failed(OSError(number, os.strerror(number)), Path(found["path"]))


def _file_named(message: str, root: Path | None) -> Path | None:
    if root is None or str(root) not in message or layout.PART not in message:
        return None
    start = message.index(str(root))
    stop = message.index(layout.PART, start) + len(layout.PART)
    return Path(message[start:stop]) if "*" not in message[start + len(str(root)) : stop] else None


def _lowered(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    plain = _CLASS.sub("", " ".join(lines))
    return plain if plain[1:2].isupper() else plain[:1].lower() + plain[1:]

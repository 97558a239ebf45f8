"""The version of the layout, stated in the lake itself."""

import json
from pathlib import Path

from xq.errors import DataError, StorageFailed
from xq.lake import layout
from xq.lake.disk import failed


def check_format(root: Path) -> None:
    """Refuse a lake whose layout this xq does not know.

    Raises
    ------
    DataError
        If the version in the lake is newer, or not a version, or the lake is a file.
    """
    path = layout.format_path(root)
    if root.is_file():
        raise StorageFailed(
            "expected the lake's folder, found a file",
            where=str(root),
            hint="xq config explain lake.path",
        )
    try:
        version = json.loads(path.read_bytes())["format"]
    except FileNotFoundError:
        return
    except OSError as error:
        raise failed(error, path) from error
    except (ValueError, TypeError, KeyError):
        version = "unreadable"
    if version != layout.FORMAT:
        raise DataError(
            f"the lake has format {version}, this xq knows {layout.FORMAT}",
            where=str(path),
            hint="xq --version",
        )

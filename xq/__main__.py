"""``python -m xq`` and the ``xq`` command."""

import sys
import threading
from contextlib import suppress
from types import TracebackType


def main() -> None:
    """Run the command line and leave with its exit code."""
    from xq.cli.streams import mend

    mend()
    sys.excepthook = _told
    threading.excepthook = lambda bug: _told(bug.exc_type, bug.exc_value, bug.exc_traceback)
    if sys.argv[1:] in (["--version"], ["-V"]):
        from xq import __version__

        with suppress(OSError):  # told properly below
            print(f"xq {__version__}", flush=True)
            return
    from xq.cli.app import run

    sys.exit(run(sys.argv[1:]))


def _told(
    kind: type[BaseException], bug: BaseException | None, trace: TracebackType | None
) -> None:
    """A bug of xq: the traceback, no secret in it."""
    from traceback import format_exception

    from xq.cli.streams import tell

    tell("".join(format_exception(kind, bug, trace)).rstrip())


if __name__ == "__main__":
    main()

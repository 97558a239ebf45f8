"""``python -m xq`` and the ``xq`` command."""

import sys
from contextlib import suppress


def main() -> None:
    """Run the command line and leave with its exit code."""
    from xq.cli.streams import mend

    mend()
    if sys.argv[1:] in (["--version"], ["-V"]):
        from xq import __version__

        with suppress(OSError):  # told properly below
            print(f"xq {__version__}", flush=True)
            return
    from xq.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

"""``python -m xq`` and the ``xq`` command."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from xq import __version__

        print(f"xq {__version__}")
        return
    from xq.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

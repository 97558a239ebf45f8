"""Calls of the operating system below one folder: counted, killed at, or made to fail.

Those to sockets are not about the folder; they count where `SOCKET` is among the kinds.

A small library is compiled once and preloaded, so that calls of Arrow and DuckDB are met as well
as those of Python. `ready` starts the program anew with it; `arm` decides what is to happen in
this process, or in the child that calls it.
"""

import ctypes
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("faultline.c")
OPEN, READ, LOOK, WRITE, SYNC, NAME, CLOSE, LOCK, LIST = (1 << bit for bit in range(9))
EVERY = 511
SOCKET = 512
ACTS = {"before": -1, "after": -2, "short": -3}
PRELOADED = ("LD_PRELOAD", "FAULTLINE_PAGE")
# What each error can befall. Between two calls that only look, a kill finds the same disk.
CALLS = {
    "before": EVERY & ~(READ | LOOK | LIST),
    "after": EVERY & ~(READ | LOOK | LIST),
    "short": WRITE,
    "ENOSPC": OPEN | WRITE | SYNC | NAME,
    "EDQUOT": OPEN | WRITE | SYNC | NAME,
    "EIO": EVERY & ~CLOSE,
    "EMFILE": OPEN | LIST,
    "ENOLCK": LOCK,
}


class _Page(ctypes.Structure):
    _fields_ = [
        ("calls", ctypes.c_long),
        ("changes", ctypes.c_long),
        ("failed", ctypes.c_long),
        ("ended", ctypes.c_long),
        ("last", ctypes.c_char * 32),
    ]


@dataclass(frozen=True)
class Seen:
    """What one piece of work did until it ended or was ended.

    Attributes
    ----------
    calls
        Calls of the kinds it was armed for.
    changes
        Calls that change the disk, of any kind.
    failed
        Calls that were made to fail.
    ended
        Whether it said that it was over.
    last
        The call that was struck.
    """

    calls: int
    changes: int
    failed: int
    ended: bool
    last: str


class Faultline:
    """The preloaded library, and the page it shares with every process it is loaded into."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(os.environ["LD_PRELOAD"])
        self._path = Path(os.environ["FAULTLINE_PAGE"])
        self._memory = _mapped(self._path)
        self._page = _Page.from_buffer(self._memory)

    def arm(
        self,
        root: Path,
        act: str | None = None,
        at: int = 0,
        *,
        ever: bool = False,
        kinds: int | None = None,
    ) -> None:
        """Count the calls below ``root`` from here on; at call ``at`` let ``act`` happen.

        Calls of the kinds that the act can befall, unless others are given.
        """
        what = 0 if act is None else ACTS.get(act) or getattr(errno, act)
        if kinds is None:
            kinds = EVERY if act is None else CALLS[act]
        self._library.faultline_arm(os.fsencode(root), ctypes.c_long(at), what, int(ever), kinds)

    def disarm(self) -> None:
        """Let every call pass."""
        self._library.faultline_disarm()

    def end(self) -> None:
        """Say that the work is over: a kill from here on interrupts nothing."""
        self._page.ended = 1

    def seen(self) -> Seen:
        """What was counted."""
        page = self._page
        return Seen(
            page.calls, page.changes, page.failed, bool(page.ended), bytes(page.last).decode()
        )

    def clear(self) -> None:
        """Forget what was counted."""
        ctypes.memset(ctypes.addressof(self._page), 0, ctypes.sizeof(_Page))


def _mapped(path: Path) -> "ctypes.Array[ctypes.c_char] | object":
    import mmap

    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), ctypes.sizeof(_Page))


def compiler() -> str | None:
    """The C compiler; None without one."""
    return shutil.which("cc") or shutil.which("gcc")


def ready() -> Faultline:
    """The library, in this process; starts the program anew if it is not loaded yet."""
    if os.environ.get("FAULTLINE_PAGE") and "faultline" in os.environ.get("LD_PRELOAD", ""):
        return Faultline()
    folder = Path(tempfile.mkdtemp(prefix="faultline-"))
    page = folder / "page"
    page.write_bytes(bytes(ctypes.sizeof(_Page)))
    environment = os.environ | {
        "LD_PRELOAD": str(_built(folder)), "FAULTLINE_PAGE": str(page),
    }  # fmt: skip
    code = subprocess.call([sys.executable, *sys.argv], env=environment)
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)


def _built(folder: Path) -> Path:
    """The compiled library, kept between programs under a name its source gives."""
    found = compiler()
    if found is None:
        sys.exit("a C compiler is needed (cc)")
    name = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    kept = Path(tempfile.gettempdir()) / f"xq-faultline-{os.getuid()}-{name}.so"
    if not kept.exists():
        fresh = folder / "faultline.so"
        subprocess.run(
            [found, "-O2", "-Wall", "-shared", "-fPIC", "-o", fresh, SOURCE, "-ldl"], check=True
        )
        shutil.copy(fresh, folder / "copy.so")
        try:
            (folder / "copy.so").replace(kept)
        except OSError:
            return fresh
    return kept

"""Refuse a strategy the outside world: files, network, other processes.

An audit hook sees what Python code does; the limit on open files stops compiled readers (Arrow,
Polars, DuckDB), which Python cannot see. Reading installed code stays possible, because imports
need it: the limit is lifted for a legal open and lowered right after. This keeps honest mistakes
out, not an attacker; numbers written into the source itself are beyond any law.
"""

import builtins
import importlib
import io
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

_REFUSED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "pty.", "os.kill", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
    "os.truncate", "os.chmod", "os.chown", "os.utime", "shutil.", "urllib.", "http.client.",
    "ftplib.", "smtplib.", "imaplib.", "sqlite3.connect", "webbrowser.", "resource.setrlimit",
    "winreg.", "msvcrt.",
)  # fmt: skip
_DOORS = ("aiohttp", "ccxt", "duckdb", "httpx", "requests", "sqlalchemy", "sqlite3", "websockets")
_CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir")
_LISTING = ("os.listdir", "os.scandir", "glob.glob")
_SYSTEM = (
    "/dev/null", "/dev/urandom", "/etc/localtime", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/proc/self/", "/sys/devices/system/cpu", "/sys/fs/cgroup", "/usr/share/zoneinfo",
)  # fmt: skip
_CODE = (".py", ".pyc", ".so", ".pyd", ".dylib", ".pth", ".zip")
_COMPILED = (".nbi", ".nbc")  # Numba's cache of compiled functions, beside installed code
_PRIVATE = ("environ", "mem", "cmdline")
_DESCRIPTORS = "/proc/self/fd"
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 (libraries try them while they are imported)
_CTYPES = f"{os.sep}ctypes{os.sep}"


class Refused(PermissionError):
    """Raised inside a strategy that reaches outside; seen by it as a plain OSError."""


class Guard:
    """Watches one process; only while `watching` does it refuse anything.

    Attributes
    ----------
    breaches
        ``(what, file:line)`` of everything the strategy's own code tried.
    """

    def __init__(self, plugins: Path) -> None:
        self.breaches: list[tuple[str, str]] = []
        self._plugins = str(plugins) + os.sep
        self._installed, self._sources = _code_roots(sys.path, self._plugins)
        self._temporary = tuple(_closed([*_TEMPORARY, *filter(None, [os.environ.get("TMPDIR")])]))
        self._watching = False
        self._importing = 0
        self._shutting = False
        self._shut = False
        self._limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        sys.addaudithook(self._hook)
        self._lowest_free = self._limits[0]
        self._in_fork = self._started = False
        builtins.__import__ = self._counted(builtins.__import__)
        importlib.import_module = self._counted(importlib.import_module)
        opened: Any = self._reshut(io.open)
        builtins.open = io.open = opened
        for name in ("open", "listdir", "scandir"):
            setattr(os, name, self._reshut(getattr(os, name)))

    @contextmanager
    def watching(self, *, in_fork: bool) -> Iterator[None]:
        """Refuse from here on, and let compiled code open nothing either.

        Parameters
        ----------
        in_fork
            Whether this process forks no more, so that libraries may start their threads.
        """
        self._in_fork = in_fork
        self._start_threads()
        self._lowest_free = _lowest_free()
        self._watching = self._shutting = True
        self._shut_files()
        try:
            yield
        finally:
            self._watching = self._shutting = False
            self._open_files()

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._watching:
            return
        if event == "open":
            self._on_open(*arguments)
        elif event == "import":
            if str(arguments[0]).partition(".")[0] in _DOORS and self._culprit(through=__file__):
                self._refuse(f"import {arguments[0]}")
            self._open_files()
        elif event in _LISTING:
            if not self._may_list(arguments[0]):
                self._refuse(f"list {arguments[0]}")
            self._open_files()  # importlib lists folders
        elif event == "ctypes.dlopen":
            if self._culprit(through=_CTYPES):
                self._refuse("load a library through ctypes")
        elif event in _CHANGES and self._may_write(os.path.abspath(os.fsdecode(arguments[0]))):  # noqa: PTH100
            self._open_files()
        elif event.startswith(_REFUSED):
            self._refuse(_said(event, arguments))

    def _on_open(self, path: object, mode: object, flags: object = 0) -> None:
        if isinstance(path, int):
            return
        name = os.path.abspath(os.fsdecode(path))  # type: ignore[arg-type]  # noqa: PTH100
        writing = _writes(mode, flags)
        if not (self._may_write(name) if writing else self._may_read(name)):
            self._refuse(f"{'write' if writing else 'read'} {os.fsdecode(path)}")  # type: ignore[arg-type]
        self._open_files()

    def _may_read(self, name: str) -> bool:
        if name.startswith(self._installed) or name == sys.executable:
            return True
        if name.startswith(_SYSTEM):
            return not name.endswith(_PRIVATE) and not name.startswith(_DESCRIPTORS)
        return name.startswith(self._sources) and name.endswith(_CODE)

    def _may_write(self, name: str) -> bool:
        if name == "/dev/null":
            return True
        if "__pycache__" in name and name.startswith(self._installed):
            compiled = name.endswith("__pycache__") or any(part in name for part in _COMPILED)
            return compiled or bool(self._importing)
        return bool(self._importing) and name.startswith(self._temporary)

    def _may_list(self, path: object) -> bool:
        if isinstance(path, int):
            return False
        name = os.path.abspath(os.fsdecode(path or "."))  # type: ignore[arg-type]  # noqa: PTH100
        return (name + os.sep).startswith((*self._installed, *self._sources)) or bool(
            self._importing
        )

    def _refuse(self, what: str) -> None:
        culprit = self._culprit()
        if culprit:
            self.breaches.append((what, culprit))
        raise Refused(f"a strategy may not {what}")

    def _culprit(self, *, through: str = "") -> str | None:
        """The plugin's line that led here; None while a library is only being imported.

        With ``through``, only a plugin that called that library directly counts.
        """
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._plugins):
                return f"{name}:{frame.f_lineno}"
            direct = not through or name == __file__ or through in name
            if name.startswith("<frozen importlib") or not direct:
                return None
            frame = frame.f_back
        return None

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """An import function after whose outermost call files are shut again."""

        def counted(*arguments: Any, **named: Any) -> Any:
            self._importing += 1
            try:
                return function(*arguments, **named)
            finally:
                self._importing -= 1
                self._shut_again()

        return counted

    def _reshut(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that opens files, after which they are shut again."""

        def opening(*arguments: Any, **named: Any) -> Any:
            try:
                return function(*arguments, **named)
            finally:
                self._shut_again()

        return opening

    def _shut_again(self) -> None:
        if self._shutting and not self._importing and not self._shut:
            self._start_threads()
            self._shut_files()

    def _start_threads(self) -> None:
        """Let Polars start: it opens files of its own then, and cannot be forked afterwards."""
        polars = sys.modules.get("polars")
        if polars is None or not self._in_fork or self._started:
            return
        self._started = True
        watching, self._watching = self._watching, False
        self._importing += 1  # it imports, which must not shut anything yet
        polars.DataFrame({"x": [0.0]}).lazy().select(polars.col("x").sum()).collect()
        self._importing -= 1
        self._watching = watching

    def _shut_files(self) -> None:
        """Lower the limit to what was open at first: compiled code gets "too many open files"."""
        self._limit(self._lowest_free)
        self._shut = True

    def _open_files(self) -> None:
        if self._shut:
            self._limit(self._limits[0])
            self._shut = False

    def _limit(self, files: int) -> None:
        watching, self._watching = self._watching, False
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, self._limits[1]))
        self._watching = watching


def _lowest_free() -> int:
    number = os.dup(0)
    os.close(number)
    return number


def _code_roots(paths: list[str], plugins: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Folders of installed code, where anything may be read, and of other code."""
    folders = [path for path in paths if os.path.isdir(path)]  # noqa: PTH112
    installed = [f for f in folders if f.rstrip(os.sep).endswith(("-packages", "lib-dynload"))]
    installed.append(str(Path(os.__file__).parent))
    sources = [path for path in folders if path not in installed]
    return tuple(_closed(installed)), (*_closed(sources), plugins)


def _closed(folders: list[str]) -> list[str]:
    both = {*folders, *(str(Path(folder).resolve()) for folder in folders)}
    return [folder.rstrip(os.sep) + os.sep for folder in sorted(both)]


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _said(event: str, arguments: tuple[Any, ...]) -> str:
    words = {
        "socket": "use the network",
        "subprocess": "start a process",
        "os": "change the system",
    }
    what = words.get(event.partition(".")[0], "reach outside")
    shown = [str(value) for value in arguments if isinstance(value, str | bytes | tuple)]
    return f"{what} ({event}{': ' + shown[0][:80] if shown else ''})"

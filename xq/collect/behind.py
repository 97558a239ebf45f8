"""Writing while the next data is fetched: what waits together is committed together."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from xq.lake.ranges import Range

AHEAD = 9 << 20  # bytes that may wait for the disk: four months of 1m bars


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows to commit and the range that they cover, if any."""

    rows: pa.Table
    covered: tuple[Range, ...]


class Behind:
    """Commits the pieces of one dataset in their order, behind the back of who fetches them.

    A piece that comes while nothing is being written is committed at once; those that come
    meanwhile make one commit. Leaving the ``with`` block waits until all is written.

    Parameters
    ----------
    write
        Commits pieces; never called by two threads at once.
    ahead
        Bytes that may wait. A larger piece is written before `put` returns.
    turn
        Held by every commit after the first: datasets that share it write in turns, and what comes
        until it is their turn makes one commit, which costs little more than one of a single piece.

    Examples
    --------
    >>> seen = []
    >>> with Behind(seen.extend) as behind:
    ...     behind.put(Piece(pa.table({"ts": [1]}), (Range(0, 2),)))
    >>> [piece.covered for piece in seen]
    [(Range(start_ms=0, end_ms=2),)]
    """

    def __init__(
        self,
        write: Callable[[Sequence[Piece]], None],
        *,
        ahead: int = AHEAD,
        turn: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._write = write
        self._ahead = ahead
        self._turn = nullcontext() if turn is None else turn
        self._state = threading.Condition()
        self._waiting: list[Piece] = []
        self._bytes = 0  # waiting and being written
        self._error: BaseException | None = None
        self._over = False
        self._thread: threading.Thread | None = None

    def put(self, piece: Piece) -> None:
        """Hand over a piece; waits while too much is unwritten.

        Raises
        ------
        Exception
            What an earlier commit raised; nothing is written after it.
        """
        with self._state:
            self._start()
            self._waiting.append(piece)
            self._bytes += piece.rows.nbytes
            self._state.notify_all()
            self._state.wait_for(lambda: self._error or self._bytes <= self._ahead)
            self._raise()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        with self._state:
            self._over = True
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join()
        if error is None:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        turn: AbstractContextManager[Any] = nullcontext()  # the only piece of many datasets
        while True:
            with self._state:
                self._state.wait_for(lambda: self._waiting or self._over)
                if not self._waiting:
                    return
            try:
                with turn:
                    written = self._write_waiting()
            except BaseException as error:  # noqa: BLE001 - raised where the pieces come from
                with self._state:
                    self._error = error
                    self._state.notify_all()
                return
            turn = self._turn
            with self._state:
                self._bytes -= written
                self._state.notify_all()

    def _write_waiting(self) -> int:
        """The bytes of what was written."""
        with self._state:
            pieces, self._waiting = self._waiting, []
        self._write(pieces)
        return sum(piece.rows.nbytes for piece in pieces)

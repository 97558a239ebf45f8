"""Files over HTTP, verified before anyone reads them: the bulk archives of exchanges."""

import hashlib
import os
import tempfile
import threading
from dataclasses import dataclass
from random import Random
from typing import IO
from urllib.parse import urlsplit

import requests

from xq.errors import (
    CorruptFile,
    StorageFailed,
    VenueError,
    VenueRefused,
    VenueUnclear,
    VenueUnreachable,
)
from xq.ports import Clock
from xq.venues.bans import Bans
from xq.venues.pace import LONGEST_WAIT, Pace, retry_after
from xq.venues.reads import Retry
from xq.venues.wire import describe

_IN_MEMORY = 32 * 1024 * 1024
_PIECE = 1 << 20
_MISSING, _BANNED = 404, 418
_LARGEST = 2 << 30  # bytes of one file; a day of the busiest trades is below a tenth of it
_SUFFIX = ".CHECKSUM"


@dataclass(frozen=True, slots=True)
class Site:
    """Where an archive lies.

    Attributes
    ----------
    url
        Base of every path, without the trailing slash.
    timeout
        Seconds to wait for bytes.
    """

    url: str
    timeout: float = 10.0


class Downloads:
    """Reads files of one site; may be used by several threads.

    Parameters
    ----------
    retry
        How often a failing server is asked again, with full jitter.
    bans
        Where bans of this machine's address are remembered, for the next process too.
    """

    def __init__(
        self, site: Site, clock: Clock, retry: Retry | None = None, bans: Bans | None = None
    ) -> None:
        self._site = site
        self._clock = clock
        self._pace = Pace(clock, bans=bans, name=f"archive {urlsplit(site.url).netloc}")
        self._retry = retry or Retry()
        self._rng = Random(clock.now_ms())  # noqa: S311 - jitter, not a secret
        self._mine = threading.local()
        self._sessions: list[requests.Session] = []

    def verified(self, path: str) -> IO[bytes] | None:
        """The file, its SHA-256 equal to the one published beside it; None if there is none.

        Raises
        ------
        CorruptFile
            If the bytes do not match the checksum, twice.
        VenueUnreachable, VenueRefused, VenueUnclear
            If the site cannot be asked, or there is a file and no checksum of it.
        """
        for last in (False, True):
            stated = self._get(path + _SUFFIX)
            if stated is None:
                return None
            with stated[0]:
                wanted = _digest(stated[0].read(), path)
            found = self._get(path)
            if found is None:
                raise VenueUnclear("a checksum without its file", where=self._where(path))
            file, digest = found
            if digest == wanted:
                file.seek(0)
                return file
            file.close()
            if last:
                raise CorruptFile(
                    f"expected SHA-256 {wanted[:16]}…, found {digest[:16]}…; nothing was read",
                    where=self._where(path),
                    hint="xq collect --source rest",
                )
        return None

    def close(self) -> None:
        """Release connections."""
        for session in self._sessions:
            session.close()

    def _get(self, path: str) -> tuple[IO[bytes], str] | None:
        """A file and the SHA-256 of its bytes; None for 404."""
        attempt = 0
        while True:
            problem: VenueError
            wait = None
            self._pace.wait()
            try:
                with self._session().get(
                    f"{self._site.url}/{path}",
                    stream=True,
                    timeout=self._site.timeout,
                    allow_redirects=False,
                ) as answer:
                    if answer.status_code == _MISSING:
                        return None
                    if answer.ok and answer.status_code < requests.codes.multiple_choices:
                        return _received(answer, self._where(path))
                    headers = {name.lower(): text for name, text in answer.headers.items()}
                    wait = retry_after(headers, self._clock.now_ms())
                    problem = _refused(answer.status_code, self._where(path))
                    if answer.status_code == _BANNED:
                        self._pace.ban(wait)
            except requests.RequestException as error:
                problem = VenueUnreachable(
                    f"the archive cannot be reached: {describe(error)}", where=self._where(path)
                )
            attempt += 1
            final = isinstance(problem, VenueRefused) or (wait or 0) > LONGEST_WAIT
            if final or attempt >= self._retry.attempts:
                raise problem
            if wait is None:
                self._clock.sleep(self._retry.wait(attempt - 1, self._rng))
            else:
                self._pace.pause(wait)

    def _session(self) -> requests.Session:
        session = getattr(self._mine, "session", None)
        if session is None:
            session = self._mine.session = requests.Session()
            settings = session.merge_environment_settings(self._site.url, {}, True, None, None)
            session.trust_env = False  # the environment was read once, for the one site there is
            session.proxies.update(settings["proxies"])
            bundle = os.environ.get("SSL_CERT_FILE")
            session.verify = bundle if bundle and settings["verify"] is True else settings["verify"]
            self._sessions.append(session)
        return session

    def _where(self, path: str) -> str:
        return f"{self._site.url}/{path}"


def _received(answer: requests.Response, where: str) -> tuple[IO[bytes], str]:
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - handed on
    try:
        return file, _copied(answer, file, where)
    except BaseException:
        file.close()
        raise


def _copied(answer: requests.Response, file: IO[bytes], where: str) -> str:
    sha, size = hashlib.sha256(), 0
    for piece in answer.iter_content(_PIECE):
        size += len(piece)
        if size > _LARGEST:
            raise VenueRefused(f"more than {_LARGEST >> 30} GiB; nothing was read", where=where)
        sha.update(piece)
        try:
            file.write(piece)
        except OSError as error:
            text = f"a download cannot be kept: {error.strerror or error}"
            raise StorageFailed(text, where=tempfile.gettempdir()) from error
    file.seek(0)
    return sha.hexdigest()


def _refused(status: int, where: str) -> VenueUnreachable | VenueRefused:
    text = f"the archive answered with HTTP status {status}"
    if status == _BANNED:
        return VenueRefused("the archive has banned this address", where=where)
    if status == requests.codes.too_many_requests or status >= requests.codes.server_error:
        return VenueUnreachable(text, where=where)
    return VenueRefused(text, where=where)


def _digest(text: bytes, path: str) -> str:
    words = text.decode("ascii", "replace").split()
    if len(words) != 2 or words[1].lstrip("*") != path.rpartition("/")[2] or len(words[0]) != 64:
        raise VenueUnclear(f"expected a SHA-256 of {path.rpartition('/')[2]}", where=path)
    return words[0].lower()

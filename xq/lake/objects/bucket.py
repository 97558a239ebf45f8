"""The one door to an object store: its requests, and what it answers, in words of ours."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.errors import CredentialsMissing, StorageFailed
from xq.lake.objects.address import EXPLAIN, Address

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_DENIALS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "AuthenticationFailed")
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")
AGAIN = "; run the same command again, which is safe"


class Gone(Exception):
    """There is no such object."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a conditional put names: the object as it was seen."""

    e_tag: str | None
    version: str | None = None

    def same(self, other: "Version | None") -> bool:
        """Whether both are of the same bytes; listings know the tag alone."""
        if other is None or self.e_tag is None or other.e_tag is None:
            return False
        return self.e_tag.strip('"') == other.e_tag.strip('"')


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a listing."""

    key: str
    size: int
    version: Version
    modified_ms: int


class Bucket:
    """Objects below a place.

    Parameters
    ----------
    client
        Of the library; tests count and cut its requests by a subclass of this class.
    """

    def __init__(self, client: "ObjectStore", address: Address) -> None:
        self._client: Any = client
        self.address = address

    def get(self, key: str, unless: Version | None = None) -> tuple[bytes, Version] | None:
        """An object's bytes and version; None if it still has the version of ``unless``.

        Raises
        ------
        Gone
            If there is none.
        """
        import obstore
        from obstore import exceptions

        options: Any = {"if_none_match": unless.e_tag} if unless and unless.e_tag else None
        with self._answers(key):
            try:
                found = obstore.get(self._client, key, options=options)
                data = bytes(found.bytes())
                return data, _version(found.meta)
            except exceptions.NotModifiedError:
                return None

    def put(self, key: str, data: bytes) -> None:
        """Write an object under a name nobody used before."""
        import obstore

        with self._answers(key):
            obstore.put(self._client, key, data)

    def swap(self, key: str, data: bytes, before: Version | None) -> Version | None:
        """Replace the version seen before, or create where there was none.

        Returns
        -------
        Version or None
            None if somebody else was faster.
        """
        import obstore
        from obstore import exceptions

        mode: Any = "create"
        if before is not None:
            names = {"e_tag": before.e_tag, "version": before.version}
            mode = {name: value for name, value in names.items() if value is not None}
        with self._answers(key):
            try:
                return _version(obstore.put(self._client, key, data, mode=mode))
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
                return None
            except FileNotFoundError as error:  # what S3 says of a version that was deleted
                if _names_no_bucket(str(error)):
                    raise
                return None
            except exceptions.GenericError as error:
                # S3 answers 409 if two conditional puts meet, and then neither need have won.
                if "409" in str(error) and "Conflict" in str(error):
                    return None
                raise

    def list(self, prefix: str) -> Iterator[Item]:
        """Every object below a folder."""
        import obstore

        with self._answers(prefix):
            for page in obstore.list(self._client, prefix=prefix, chunk_size=1000):
                for meta in page:
                    modified = int(meta["last_modified"].timestamp() * 1000)
                    yield Item(meta["path"], meta["size"], _version(meta), modified)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are gone already are no error."""
        import obstore

        found = list(keys)
        if not found:
            return
        with self._answers(found[0]):
            try:
                obstore.delete(self._client, found)
                return
            except FileNotFoundError as error:
                if _names_no_bucket(str(error)):
                    raise
            # Stores that delete one by one stop at the first that is gone.
            for key in found:
                with suppress(FileNotFoundError):
                    obstore.delete(self._client, key)

    def url(self, key: str) -> str:
        """The whole name of an object, for people."""
        return f"{self.address}/{key}"

    @contextmanager
    def _answers(self, key: str) -> Iterator[None]:
        from obstore import exceptions

        try:
            yield
        except FileNotFoundError as error:
            if _names_no_bucket(str(error)):
                raise self._no_bucket() from None
            raise Gone(key) from None
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
            raise self._denied() from None
        except (exceptions.BaseError, OSError) as error:
            raise self._failed(key, str(error)) from None

    def _no_bucket(self) -> StorageFailed:
        return StorageFailed(
            f"the store has no bucket named {self.address.bucket!r}; xq does not create buckets",
            where=str(self.address),
            hint=EXPLAIN,
        )

    def _denied(self) -> CredentialsMissing:
        return CredentialsMissing(
            "the store refused the credentials of the environment, or they lack a permission",
            where=str(self.address),
            hint="allow list, get, put and delete below this place",
        )

    def _failed(self, key: str, text: str) -> StorageFailed:
        if any(
            sign in text for sign in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied")
        ):
            raise self._denied()
        if _names_no_bucket(text):
            raise self._no_bucket()
        unreachable = any(sign in text for sign in ("error sending request", "onnect", "timed out"))
        reason = "the object store cannot be reached" if unreachable else "the object store failed"
        if "NotImplemented" in text or "not implemented" in text.lower():
            reason = "the store does not do conditional puts, which commits need"
        return StorageFailed(reason + AGAIN, where=self.url(key), hint="xq doctor")


def _names_no_bucket(text: str) -> bool:
    return any(
        name in text for name in ("NoSuchBucket", "ContainerNotFound", "bucket does not exist")
    )


def _version(meta: Any) -> Version:
    return Version(meta.get("e_tag"), meta.get("version"))

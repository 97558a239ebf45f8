"""``s3://bucket/prefix`` and its kin: what they name, and how to get there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xq.errors import ConfigError, CredentialsMissing

if TYPE_CHECKING:
    from obstore.store import ObjectStore

EXPLAIN = "xq config explain lake.path"
_SCHEMES = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}
_PROVIDERS = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_METADATA_ENDPOINT",
           "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
           "AWS_SKIP_SIGNATURE"),
    "gs": ("GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY",
           "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SKIP_SIGNATURE"),
    "az": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_TOKEN",
           "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_STORAGE_USE_EMULATOR",
           "AZURE_SKIP_SIGNATURE"),
}  # fmt: skip
_TIMEOUTS = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "300s"}
_NAMES = {"s3": "bucket", "gs": "bucket", "az": "container"}


@dataclass(frozen=True, slots=True)
class Address:
    """A place in an object store.

    Attributes
    ----------
    bucket
        Bucket, or container of Azure.
    prefix
        Folder inside it, without slashes at the ends; empty for the whole bucket.
    """

    scheme: str
    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")


def is_url(path: str) -> bool:
    """Whether a lake's path is no folder.

    Examples
    --------
    >>> is_url("s3://bars/spot"), is_url("data")
    (True, False)
    """
    return "://" in path


def parse(url: str) -> Address:
    """The place a URL names.

    Raises
    ------
    ConfigError
        If it is none of s3, gs and az, or names no bucket.

    Examples
    --------
    >>> parse("s3://bars/spot/")
    Address(scheme='s3', bucket='bars', prefix='spot')
    """
    scheme, _, rest = url.partition("://")
    if scheme not in _SCHEMES:
        raise ConfigError(
            f"expected a folder or a URL of s3://, gs:// or az://, found {url!r}",
            where="lake.path",
            hint=EXPLAIN,
        )
    bucket, _, prefix = rest.partition("/")
    parts = [part for part in prefix.split("/") if part]
    odd = {"?", "#", "@", ":", "\\", "%", "*"} & set(rest)
    if not bucket or odd or {".", ".."} & set(parts):
        raise ConfigError(
            f"expected {scheme}://{_NAMES[scheme]}/folder in plain characters, found {url!r}",
            where="lake.path",
            hint=EXPLAIN,
        )
    return Address(scheme, bucket, "/".join(parts))


def connect(address: Address, environ: Mapping[str, str]) -> "ObjectStore":
    """A client of the store, with settings and credentials of the environment alone.

    Raises
    ------
    CredentialsMissing
        If the environment holds no credentials of this kind of store.
    ConfigError
        If a setting in it is refused.
    """
    from obstore import exceptions
    from obstore.store import AzureStore, GCSStore, S3Store

    classes = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
    names = _PROVIDERS[address.scheme]
    if not any(environ.get(name) for name in names):
        raise CredentialsMissing(
            f"no credentials for {address} in the environment; set one of: {', '.join(names)}",
            where="environment or .env",
            hint=EXPLAIN,
        )
    make: Any = classes[address.scheme]
    try:
        return make(
            address.bucket,
            prefix=address.prefix or None,
            config=settings(address, environ),
            client_options=_client(environ, address.scheme),
            retry_config=_retries(),
        )
    except (exceptions.BaseError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"a setting of the object store is refused: {reason}",
            where=f"{_SCHEMES[address.scheme]}… in the environment or .env",
            hint=EXPLAIN,
        ) from None


def settings(address: Address, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the environment that are about this kind of store, in lower case."""
    prefix = _SCHEMES[address.scheme]
    ours = {
        name.lower(): value
        for name, value in environ.items()
        if name.startswith(prefix) and value and name in _known(address.scheme)
    }
    if address.scheme == "s3":
        ours.setdefault("aws_region", environ.get("AWS_DEFAULT_REGION") or "us-east-1")
        ours.pop("aws_default_region", None)
        general = ours.pop("aws_endpoint_url", None)
        own = ours.pop("aws_endpoint_url_s3", None)
        if own or general:
            ours["aws_endpoint"] = own or general or ""
    return ours


def _known(scheme: str) -> tuple[str, ...]:
    more = {
        "s3": (
            "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
            "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
            "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_SERVER_SIDE_ENCRYPTION", "AWS_SSE_KMS_KEY_ID", "AWS_REQUEST_PAYER",
            "AWS_S3_EXPRESS", "AWS_UNSIGNED_PAYLOAD", "AWS_CHECKSUM_ALGORITHM",
            "AWS_DISABLE_TAGGING", "AWS_DISABLE_BULK_DELETE",
        ),
        "gs": ("GOOGLE_BASE_URL",),
        "az": (
            "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_CLIENT_ID", "AZURE_TENANT_ID",
            "AZURE_STORAGE_ENDPOINT", "AZURE_AUTHORITY_HOST",
        ),
    }  # fmt: skip
    return (*_PROVIDERS[scheme], *more[scheme])


def _client(environ: Mapping[str, str], scheme: str) -> dict[str, Any]:
    """Long enough for a file of a busy day; plain HTTP only where an endpoint asks for it."""
    endpoints = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "GOOGLE_BASE_URL",
                 "AZURE_STORAGE_ENDPOINT")  # fmt: skip
    plain = any(
        environ.get(name, "").startswith("http://")
        for name in endpoints
        if name.startswith(_SCHEMES[scheme])
    )
    plain |= scheme == "az" and bool(environ.get("AZURE_STORAGE_USE_EMULATOR"))
    return {"allow_http": plain, **_TIMEOUTS}


def _retries() -> dict[str, Any]:
    from datetime import timedelta

    return {
        "max_retries": 4,
        "retry_timeout": timedelta(seconds=60),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=2),
            "base": 2,
        },
    }

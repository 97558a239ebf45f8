"""Which URLs, settings and answers of a store are accepted, and how refusals read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pytest
from support.object_store import BUCKET, ObjectStore

from xq.api.workspace import open_workspace
from xq.errors import ConfigError, CredentialsMissing, StorageFailed, XqError
from xq.lake.layout import Dataset
from xq.lake.objects.address import Address, connect, parse, settings
from xq.lake.objects.bucket import Bucket, Gone
from xq.lake.objects.opening import cache_folder, open_lake
from xq.lake.reader import Lake
from xq.lake.schema import KINDS
from xq.lake.writer import LakeWriter

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA-EXAMPLE", "AWS_SECRET_ACCESS_KEY": "hush-hush"}
FUNDING = Dataset("funding", "binance", "BTC/USDT:USDT")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("s3://bars", Address("s3", "bars", "")),
        ("s3://bars/", Address("s3", "bars", "")),
        ("gs://bars/spot//2024/", Address("gs", "bars", "spot/2024")),
        ("az://box/a b", Address("az", "box", "a b")),
    ],
)
def test_places(url: str, found: Address) -> None:
    assert parse(url) == found
    assert parse(str(found)) == found


@pytest.mark.parametrize(
    "url",
    ["ftp://host/x", "https://bars.s3.amazonaws.com/x", "s3://", "s3:///x", "S3://bars",
     "s3://bars/../x", "s3://key:secret@bars/x", "s3://bars/x?versionId=1", "://bars"],
)  # fmt: skip
def test_what_is_no_place_is_refused_before_anything_is_asked(url: str, tmp_path: Path) -> None:
    ws = open_workspace(cwd=tmp_path, environ={"XQ_LAKE__PATH": url} | KEYS)
    with pytest.raises(ConfigError, match="expected") as error:
        ws.lake  # noqa: B018
    assert error.value.exit_code == 3
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://bars", "AWS_ACCESS_KEY_ID"),
        ("gs://bars", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://bars", "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_credentials_come_from_the_environment_alone(url: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(CredentialsMissing, match=name) as error:
        open_lake(url, tmp_path, {})
    assert error.value.exit_code == 3


def test_the_settings_of_each_kind_reach_its_client() -> None:
    s3 = settings(parse("s3://bars"), KEYS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "PATH": "x",
                                              "AWS_PROFILE": "other"})  # fmt: skip
    assert s3 == {
        "aws_access_key_id": "AKIA-EXAMPLE",
        "aws_secret_access_key": "hush-hush",
        "aws_endpoint": "http://127.0.0.1:1",
        "aws_region": "us-east-1",
    }
    both = KEYS | {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "http://b",
                   "AWS_DEFAULT_REGION": "eu-west-1"}  # fmt: skip
    found = settings(parse("s3://bars"), both)
    assert (found["aws_endpoint"], found["aws_region"]) == ("http://b", "eu-west-1")
    azure = {"AZURE_STORAGE_ACCOUNT_NAME": "me", "AZURE_STORAGE_ACCOUNT_KEY": "aGk="}
    assert settings(parse("az://bars"), azure | KEYS) == {
        "azure_storage_account_name": "me",
        "azure_storage_account_key": "aGk=",
    }
    google = {"GOOGLE_SERVICE_ACCOUNT": "/key.json"}
    assert settings(parse("gs://bars"), google) == {"google_service_account": "/key.json"}


def test_clients_of_all_three_kinds_can_be_made(tmp_path: Path) -> None:
    """Made, not asked: only S3 is run against a server here."""
    assert type(connect(parse("s3://bars/x"), KEYS)).__name__ == "S3Store"
    azure = {"AZURE_STORAGE_ACCOUNT_NAME": "me", "AZURE_STORAGE_ACCOUNT_KEY": "aGk="}
    assert type(connect(parse("az://bars/x"), azure)).__name__ == "AzureStore"
    assert type(connect(parse("gs://bars/x"), {"GOOGLE_SKIP_SIGNATURE": "true"})).__name__ == (
        "GCSStore"
    )
    with pytest.raises(ConfigError, match="a setting of the object store is refused"):
        connect(parse("gs://bars"), {"GOOGLE_SERVICE_ACCOUNT": str(tmp_path / "absent.json")})


def test_two_places_have_two_caches(tmp_path: Path) -> None:
    folders = {cache_folder(parse(url), tmp_path) for url in ("s3://a/b", "gs://a/b", "s3://a/c")}
    assert len(folders) == 3
    assert cache_folder(parse("s3://a/b/"), tmp_path) in folders


def test_the_cache_lies_where_the_configuration_says(tmp_path: Path, s3: ObjectStore) -> None:
    environ = s3.environ | {"XQ_LAKE__PATH": f"s3://{BUCKET}/{tmp_path.name}"}
    ws = open_workspace(cwd=tmp_path, environ=environ)
    assert ws.lake.parent == tmp_path / "state" / "lake"
    assert ws.lake_name == f"s3://{BUCKET}/{tmp_path.name}"
    copies = str(tmp_path.parent / "copies")
    ws = open_workspace(cwd=tmp_path, environ=environ | {"XQ_LAKE__CACHE": copies})
    assert str(ws.lake_cache) == copies


def test_a_cache_that_cannot_be_written(tmp_path: Path, s3: ObjectStore) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed) as error:
        open_lake(f"s3://{BUCKET}/x", tmp_path / "file", s3.environ)
    assert error.value.exit_code == 4
    root = open_lake(f"s3://{BUCKET}/{tmp_path.name}", tmp_path, s3.environ)
    (root / FUNDING.kind).write_text("in the way")
    assert LakeWriter(root).upsert(FUNDING, _row()).added == 1, "the put is the commit"
    with pytest.raises(StorageFailed) as error:
        Lake(root).table(FUNDING)
    assert str(tmp_path) in str(error.value.where)
    (root / FUNDING.kind).unlink()
    assert Lake(root).table(FUNDING).num_rows == 1


def test_objects_of_many_parts(tmp_path: Path, s3: ObjectStore) -> None:
    place = parse(f"s3://{BUCKET}/{tmp_path.name}")
    bucket = Bucket(connect(place, s3.environ), place)
    data = bytes(range(256)) * 60_000
    bucket.put("large", data)
    found = bucket.get("large")
    assert found is not None
    assert found[0] == data
    assert bucket.get("large", found[1]) is None
    assert [(item.key, item.size) for item in bucket.list("")] == [("large", len(data))]
    bucket.delete(["large", "never there"])
    with pytest.raises(Gone):
        bucket.get("large")


def _row() -> pa.Table:
    schema = KINDS["funding"].schema
    values = {"ts": [1_704_067_200_000], "rate": [0.0001]}
    return pa.table({f.name: values[f.name] for f in schema if f.name in values})


def _refusal(url: str, tmp_path: Path, environ: dict[str, str]) -> XqError:
    root = open_lake(url, tmp_path, environ)
    with pytest.raises(XqError) as error:
        LakeWriter(root).upsert(FUNDING, _row())
    text = f"{error.value}{error.value.as_dict()}"
    assert "hush-hush" not in text
    assert "AKIA-EXAMPLE" not in text
    return error.value


def test_a_bucket_that_does_not_exist(tmp_path: Path, s3: ObjectStore) -> None:
    error = _refusal("s3://no-such-bucket/x", tmp_path, s3.environ)
    assert (type(error), error.exit_code) == (StorageFailed, 4)
    assert "no bucket named 'no-such-bucket'" in error.message
    with pytest.raises(StorageFailed, match="no bucket"):
        Lake(open_lake("s3://no-such-bucket/y", tmp_path, s3.environ))


def test_a_store_that_cannot_be_reached(tmp_path: Path) -> None:
    environ = KEYS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    error = _refusal("s3://bars/x", tmp_path, environ)
    assert (type(error), error.exit_code) == (StorageFailed, 4)
    assert "cannot be reached" in error.message
    assert error.where == "s3://bars/x/.xq/format.json"


@contextmanager
def answering(status: int, code: str = "") -> Iterator[str]:
    """A server that answers every write so; objects that were put can be had again."""
    stored: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            stored[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self._say(status, code)

        def do_GET(self) -> None:
            if "list-type" in self.path:
                self._say(
                    200,
                    "<ListBucketResult><Name>bars</Name><IsTruncated>false</IsTruncated></ListBucketResult>",
                    xml=True,
                )
            elif status == 403:
                self._say(403, code)
            elif self.path in stored:
                self._say(200, stored[self.path].decode(), xml=True)
            else:
                self._say(404, "NoSuchKey")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._say(
                200,
                '<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Deleted><Key>x</Key></Deleted></DeleteResult>',
                xml=True,
            )

        def _say(self, status: int, text: str, *, xml: bool = False) -> None:
            body = (text if xml else f"<Error><Code>{text}</Code></Error>").encode()
            self.send_response(status)
            self.send_header("ETag", '"always-the-same"')
            self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_credentials_that_are_refused(code: str, tmp_path: Path) -> None:
    with answering(403, code) as url:
        error = _refusal("s3://bars/x", tmp_path, KEYS | {"AWS_ENDPOINT_URL": url})
    assert (type(error), error.exit_code) == (CredentialsMissing, 3)
    assert "refused the credentials" in error.message


def test_a_store_that_ignores_conditions_is_refused_before_a_row_is_written(
    tmp_path: Path,
) -> None:
    with answering(200) as url:
        error = _refusal("s3://bars/x", tmp_path, KEYS | {"AWS_ENDPOINT_URL": url})
    assert isinstance(error, StorageFailed)
    assert "does not honour conditional puts" in error.message


def test_a_store_without_conditional_puts_is_named(tmp_path: Path) -> None:
    with answering(501, "NotImplemented") as url:
        error = _refusal("s3://bars/x", tmp_path, KEYS | {"AWS_ENDPOINT_URL": url})
    assert isinstance(error, StorageFailed)
    assert "conditional puts" in error.message

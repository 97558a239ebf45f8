"""Secrets that sing: one wherever xq is given a secret, and a search for all of them."""

import base64
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq

CANARIES = {
    "XQ_API_KEY": "cAnArY-key-0001",
    "XQ_API_SECRET": "cAnArY/secret+0002=",
    "XQ_JOURNAL_PASSWORD": "cAnArY-password-0003",
    "AWS_SECRET_ACCESS_KEY": "cAnArY/aws/secret/0004",
    "SOME_BOT_TOKEN": "cAnArY-bot-token-0005",
}
PROXY_PASSWORD = "cAnArY-proxy-0006"
URL_PASSWORD = "cAnArY-url-0007"
URL_TOKEN = "cAnArY-path-0008"


def dotenv(notify_url: str) -> str:
    """A ``.env`` with a canary in every place; messages go to a JSON server."""
    host = notify_url.partition("://")[2]
    lines = [f"{name}={text}" for name, text in CANARIES.items()]
    lines += [
        f"XQ_NOTIFY_URLS=hook=json://ann:{URL_PASSWORD}@{host}/{URL_TOKEN}",
        f"HTTPS_PROXY=http://ann:{PROXY_PASSWORD}@127.0.0.1:9",
    ]
    return "\n".join(lines) + "\n"


def sung(text: str) -> list[str]:
    """The canaries in a text, in any spelling."""
    every = (*CANARIES.values(), PROXY_PASSWORD, URL_PASSWORD, URL_TOKEN)
    return [secret for secret in every if any(form in text for form in _forms(secret))]


def _forms(secret: str) -> tuple[str, ...]:
    coded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return secret, quote(secret), quote(secret, safe=""), coded, secret.lower(), repr(secret)[1:-1]


def in_folder(folder: Path) -> dict[str, list[str]]:
    """Files with canaries in them; ``.env``, where they belong, is left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != ".env":
            secrets = sung("\n".join(_texts(path)))
            if secrets:
                found[str(path.relative_to(folder))] = secrets
    return found


def _texts(path: Path) -> Iterator[str]:
    yield path.name
    yield path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".parquet":
        yield str(pq.read_table(path).to_pylist())
    if path.suffix == ".sqlite":
        connection = sqlite3.connect(path)
        try:
            yield "\n".join(connection.iterdump())
        finally:
            connection.close()

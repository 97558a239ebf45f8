"""Requests that no client should send, to the simulated venue: does it stay honest?

``python venue_fuzz.py COUNT SEED [SOCKETS]`` sends COUNT requests to the dispatcher and SOCKETS
to a served venue as raw bytes. No answer may be the server's fault, none may take forever, and
what is refused, or only asks, must not change the ledger on disk.
"""

import random
import socket
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from urllib.parse import quote

import orjson

from xq.clock import ManualClock, SystemClock
from xq.sim.ledger import FILE_NAME
from xq.sim.venue import SimVenue
from xq.sim.wire.auth import Message, sign
from xq.sim.wire.dispatch import _ROUTES, dispatch
from xq.sim.wire.known import _KNOWN
from xq.sim.wire.opening import open_venue
from xq.sim.wire.route import Routes, Security
from xq.sim.wire.server import VenueServer
from xq.sim.wire.streams.listen_keys import ListenKeys, key_routes

ACCOUNTS = ("main", "alice")
EACH = 50_000  # requests to one venue before a fresh one takes its place
PATIENCE = 60.0

_HEAVY = (
    "PriceKlines",
    "fundingRate",
    "openInterestHist",
    "exchangeInfo",
    "ticker/24hr",
    "positionRisk",
    "getall",
    "leverageBracket",
    "symbolConfig",
)
_ORDERS = ("/order", "/order/test", "/algoOrder")
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW")
_WORDS = {
    "symbol": ["BTCUSDT", "ETHUSDT", "SOLUSDT", "btcusdt", "NOPE", "BTC-USDT", ""],
    "side": ["BUY", "SELL", "buy", "HOLD"],
    "type": ["MARKET", "LIMIT", "LIMIT_MAKER", "STOP", "STOP_MARKET", "TAKE_PROFIT",
             "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT",
             "TAKE_PROFIT_LIMIT", "MAGIC"],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD", "NOW"],
    "quantity": ["0.01", "0.001", "1", "0.5", "10", "0", "-1", "0.0000001", "1e3", "NaN"],
    "quoteOrderQty": ["100", "10", "0", "1"],
    "price": ["42000", "41999.9", "42300", "1", "0", "2300.01", "Infinity", "84000"],
    "stopPrice": ["43000", "41000", "0"],
    "triggerPrice": ["43000", "41000", "42300", "0"],
    "activatePrice": ["43000", "41000"],
    "callbackRate": ["1", "0.1", "10", "11", "0"],
    "reduceOnly": ["true", "false", "maybe"],
    "closePosition": ["true", "false"],
    "priceProtect": ["TRUE", "FALSE"],
    "workingType": ["MARK_PRICE", "CONTRACT_PRICE", "X"],
    "positionSide": ["BOTH", "LONG", "SHORT", "UP"],
    "selfTradePreventionMode": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "X"],
    "newOrderRespType": ["ACK", "RESULT", "FULL", "LOUD"],
    "newClientOrderId": ["a", "b", "c", "x" * 36, "x" * 37, "ä", ""],
    "clientAlgoId": ["a", "b", "x" * 37],
    "origClientOrderId": ["a", "b", "zz"],
    "orderId": ["1", "2", "3", "10", "99999", "x"],
    "algoId": ["1", "2", "3", "x"],
    "algoType": ["CONDITIONAL", "VP", ""],
    "goodTillDate": ["1704070000000", "1", "99999999999999"],
    "orderIdList": ["[1,2]", "[", "[null]", "{}", '["1"]', "[" * 500],
    "origClientOrderIdList": ['["a","b"]', "[1]", "null"],
    "batchOrders": ["[]", "[{}]", "{", "null", '[{"symbol":"BTCUSDT","side":"BUY","type":"MARKET",'
                    '"quantity":"0.01"},{"symbol":5}]', "[[]]", "[" * 400, '[{"quantity":1e999}]'],
    "countdownTime": ["0", "1000", "60000", "-1"],
    "leverage": ["1", "5", "20", "125", "126", "0"],
    "marginType": ["ISOLATED", "CROSSED", "X"],
    "dualSidePosition": ["true", "false", "x"],
    "amount": ["10", "0", "999999999", "-5"],
    "interval": ["1m", "1h", "1d", "1w", "1M", "7m"],
    "limit": ["1", "5", "10", "100", "500", "1000", "1500", "0", "-1", "99999"],
    "startTime": ["1704067200000", "0", "1", "999999999999999", "1704070000000"],
    "endTime": ["1704067200001", "0", "999999999999999"],
    "fromId": ["0", "1", "1000", "999999999999999"],
    "symbols": ['["BTCUSDT"]', '["BTCUSDT","ETHUSDT"]', "[]", "[1]", "x", '"BTCUSDT"'],
    "incomeType": ["FUNDING_FEE", "REALIZED_PNL", "X"],
    "period": ["5m", "1h", "x"],
    "pair": ["BTCUSDT", "x"],
    "listenKey": ["x", ""],
    "omitZeroBalances": ["true", "x"],
    "recvWindow": ["5000", "60000", "60001", "0", "x"],
}  # fmt: skip
_NAMES = tuple(_WORDS)
_ODD = ("", "0", "-0", "null", "[]", "{}", "%00", "٣", "\x00", "\udc80", "'; DROP TABLE orders;--",
        "9" * 15, "9" * 16, "9" * 400, "0." + "0" * 30 + "1", "1" * 20 + "." + "1" * 20, "True",
        "../../etc/passwd", "\r\nX: y", "🙂" * 20, "A" * 3000)  # fmt: skip


class Unwell(Exception):
    """What the venue must not do."""


class Requests:
    """Seeded requests, most of them nearly right."""

    def __init__(self, rng: random.Random, routes: Routes) -> None:
        self._rng = rng
        self._light = sorted(key for key in routes if not key[1].endswith(_HEAVY))
        self._heavy = sorted(key for key in routes if key[1].endswith(_HEAVY))
        self._routes = routes

    def message(self, now_ms: int) -> Message:
        """The next one."""
        rng = self._rng
        method, path = rng.choice(self._light if rng.random() < 0.995 else self._heavy)
        security = self._routes[method, path].security
        if rng.random() < 0.03:
            method = rng.choice(_METHODS)
        if rng.random() < 0.03:
            path = rng.choice(["/", "//", path + "/", path.upper(), "/fapi/v9/order", path[:-1]])
        query, body = self._encoded(self._pairs(method, path), security, now_ms)
        key = rng.choice(["sim", "alice"]) if rng.random() < 0.97 else rng.choice([None, "", "bob"])
        if security is Security.SIGNED and rng.random() < 0.97:
            secret = {"sim": "sim", "alice": "alice-secret"}.get(key or "", "x")
            signature = sign(query + body, secret)
            query += f"{'&' if query else ''}signature={signature}"
        return Message(method, path, query, body, key)

    def _encoded(
        self, pairs: list[tuple[str, str]], security: Security, now_ms: int
    ) -> tuple[str, str]:
        rng = self._rng
        if security is not Security.OPEN:
            stamp = now_ms if rng.random() < 0.97 else rng.choice([0, now_ms + 9999, "x", -1])
            pairs.append(("timestamp", str(stamp)))
        if rng.random() < 0.02:
            pairs.append(rng.choice(pairs or [("a", "b")]))
        encoded = [_encode(pair) for pair in pairs]
        if rng.random() < 0.03:
            noise = ["%", "%ZZ", "=", "&&", "a=b=c", ";", "%FF=%FE", "x" * 300, "symbol"]
            encoded.insert(rng.randrange(len(encoded) + 1), rng.choice(noise))
        cut = rng.randrange(len(encoded) + 1) if rng.random() < 0.3 else len(encoded)
        query, body = "&".join(encoded[:cut]), "&".join(encoded[cut:])
        return (body, query) if rng.random() < 0.3 else (query, body)

    def _pairs(self, method: str, path: str) -> list[tuple[str, str]]:
        rng = self._rng
        known = _KNOWN.get(f"{method} {path}")
        names = _NAMES if known is None else sorted(set(_NAMES) & known - {"recvWindow"})
        kind = rng.random()
        pairs: dict[str, str] = {}
        if kind < 0.5 and method in ("POST", "PUT") and path.endswith(_ORDERS):
            pairs = self._order(path)
        elif kind < 0.9:
            pairs["symbol"] = rng.choice(_WORDS["symbol"][:2])
        if known is not None:
            pairs = {name: value for name, value in pairs.items() if name in known}
        if kind > 0.25:
            for name in rng.sample(names, rng.randint(0, min(4, len(names)))):
                pairs[name] = rng.choice(_WORDS[name])
        if rng.random() < 0.05:
            pairs[rng.choice([*_NAMES, "moon"])] = rng.choice(_ODD)
        return list(pairs.items())

    def _order(self, path: str) -> dict[str, str]:
        """An order that may well be taken."""
        rng = self._rng
        pairs = {"symbol": "BTCUSDT", "side": rng.choice(["BUY", "SELL"])}
        pairs["quantity"] = rng.choice(["0.01", "0.003", "0.02"])
        conditional = path.endswith("/algoOrder")
        kinds = _WORDS["type"][3:8] if conditional else ["MARKET", "LIMIT", "LIMIT"]
        pairs["type"] = kind = rng.choice(kinds)
        if kind in ("LIMIT", "STOP", "TAKE_PROFIT"):
            pairs["price"] = rng.choice(["42000", "42300", "42310", "42600", "41000"])
            pairs["timeInForce"] = rng.choice(["GTC", "GTC", "IOC", "FOK", "GTX"])
        if conditional:
            pairs["algoType"] = "CONDITIONAL"
            pairs["triggerPrice"] = rng.choice(["41000", "43500"])
        if kind == "TRAILING_STOP_MARKET":
            pairs["callbackRate"] = "1"
        if rng.random() < 0.2:
            pairs["reduceOnly"] = "true"
        return pairs


def _encode(pair: tuple[str, str]) -> str:
    name, value = pair
    return f"{quote(name)}={quote(value, errors='surrogateescape')}"


@contextmanager
def watched(folder: Path) -> Iterator["Watch"]:
    """Notices every commit to a ledger, on a connection of its own."""
    address = f"file:{folder / FILE_NAME}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        yield Watch(connection)


class Watch:
    """Counts commits by others."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def version(self) -> int:
        """Another number after every commit."""
        [found] = self._connection.execute("PRAGMA data_version").fetchone()
        return int(found)


def judge(message: Message, status: int, payload: object, before: int, after: int) -> None:
    """Raise `Unwell` if an answer is the venue's fault or changed what it should not."""
    told = f"{status} {str(payload)[:300]} to {message}"
    if not 200 <= status < 500:
        raise Unwell(f"the server's fault: {told}")
    if status >= 400 and before != after:
        raise Unwell(f"refused, and yet the ledger changed: {told}")
    if message.method == "GET" and before != after:
        raise Unwell(f"only asked, and yet the ledger changed: {told}")
    if status >= 400 and not isinstance(payload, dict):
        raise Unwell(f"an error without code: {told}")


def fuzz_dispatch(count: int, seed: int) -> Counter[str]:
    """So many requests to the dispatcher; how many got which answer."""
    answers: Counter[str] = Counter()
    for part, start in enumerate(range(0, count, EACH)):
        rng = random.Random(f"{seed} {part}")
        clock = ManualClock(SystemClock().now_ms())
        with tempfile.TemporaryDirectory() as folder:
            venue = open_venue(Path(folder), clock, 7, accounts=ACCOUNTS)
            try:
                _one_venue(venue, clock, rng, min(EACH, count - start), answers)
            finally:
                venue.ledger.close()
    return answers


def _one_venue(
    venue: SimVenue, clock: ManualClock, rng: random.Random, count: int, answers: Counter[str]
) -> None:
    more = key_routes(ListenKeys(clock))
    requests = Requests(rng, {**_ROUTES, **more})
    with watched(venue.ledger.path.parent) as watch:
        for _ in range(count):
            if rng.random() < 0.01:
                clock.sleep(rng.choice([0.001, 1, 60, 3600]))
                venue.settle()
            message = requests.message(clock.now_ms())
            before = watch.version()
            try:
                reply = dispatch(venue, message, clock, more)
                orjson.dumps(reply.payload)
            except Exception as error:
                raise Unwell(f"{error!r} at {message}") from error
            judge(message, reply.status, reply.payload, before, watch.version())
            code = reply.payload.get("code", "") if isinstance(reply.payload, dict) else ""
            answers[f"{reply.status} {code}".strip()] += 1
    wrong = venue.ledger.check()
    if wrong:
        raise Unwell(f"the ledger does not add up: {wrong[:3]}")
    stored = venue.ledger.load()
    for item in fields(venue.state):
        if item.name == "settled_ms":  # written with the next change
            continue
        if item.compare and getattr(stored, item.name) != getattr(venue.state, item.name):
            raise Unwell(f"the ledger on disk has other {item.name} than the venue")


def fuzz_sockets(count: int, seed: int) -> Counter[str]:
    """So many requests as raw bytes to a served venue; how many got which status."""
    rng = random.Random(f"{seed} sockets")
    clock = ManualClock(SystemClock().now_ms())
    answers: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        venue = open_venue(Path(folder), clock, 7, accounts=ACCOUNTS)
        server = VenueServer(venue, wall=clock)
        server.start()
        try:
            requests = Requests(rng, _ROUTES)
            with watched(Path(folder)) as watch:
                for _ in range(count):
                    message = requests.message(clock.now_ms())
                    raw, whole = _bytes(message, rng)
                    before = watch.version()
                    status, payload = exchange(server.port, raw, whole=whole)
                    if status:
                        _judge_raw(message, raw, status, payload, before, watch.version())
                    answers[str(status)] += 1
                status, _ = exchange(server.port, b"GET /api/v3/time HTTP/1.0\r\n\r\n")
                if status != 200:
                    raise Unwell(f"after all that it answers {status}")
        finally:
            server.close()
            venue.ledger.close()
    return answers


def _judge_raw(
    message: Message, raw: bytes, status: int, payload: bytes, before: int, after: int
) -> None:
    if status >= 500 or (status >= 400 and before != after):
        raise Unwell(f"{status} {payload[:300]!r} to {raw[:2000]!r}, {message}")


def _bytes(message: Message, rng: random.Random) -> tuple[bytes, bool]:
    """A request as it goes over the wire, now and then broken; whether it is whole."""
    whole = True
    target = message.path + (f"?{message.query}" if message.query else "")
    length = str(len(message.body))
    headers = {
        "Host": "127.0.0.1",
        "Connection": "close",
        "Content-Length": length,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    if message.api_key is not None:
        headers["X-MBX-APIKEY"] = message.api_key
    if rng.random() < 0.1:
        odd = {
            "Content-Length": rng.choice(["-1", "x", "99999999", "5, 5", "0"]),
            "Transfer-Encoding": rng.choice(["chunked", "gzip", "x"]),
            "Content-Encoding": rng.choice(["gzip", "deflate", "br", "x"]),
            "Content-Type": rng.choice(["application/json", "multipart/form-data", "", "x/y"]),
            "Expect": rng.choice(["100-continue", "x"]),
            "Upgrade": rng.choice(["websocket", "h2c"]),
            "Host": rng.choice(["", "x y", "\x01"]),
            "X-MBX-APIKEY": rng.choice(["é", "\x01", "x" * 9000, ""]),
            "Cookie": "x" * 9000,
            "Range": "bytes=0-0",
        }
        name = rng.choice(list(odd))
        headers[name], whole = odd[name], False
    lines = [f"{message.method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    raw = ("\r\n".join(lines) + "\r\n\r\n" + message.body).encode("utf-8", "surrogateescape")
    if rng.random() < 0.1:
        place = rng.randrange(len(raw))
        noise = bytes(rng.randrange(256) for _ in range(rng.randint(1, 4)))
        raw, whole = raw[:place] + noise + raw[place + rng.randint(0, 4) :], False
    if rng.random() < 0.03:
        return raw[: rng.randrange(len(raw))], False
    return raw, whole and message.method in _METHODS[:4]


def exchange(port: int, raw: bytes, *, whole: bool = True) -> tuple[int, bytes]:
    """Send bytes; status and body of what comes back, 0 if nothing does.

    After what may not be a whole request, for which any server has to wait, it hangs up.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        parts: list[bytes] = []
        try:
            connection.sendall(raw)
            if not whole:
                _drain(connection, parts, 0.02)
                connection.shutdown(socket.SHUT_WR)
            _drain(connection, parts, PATIENCE)
        except ConnectionError:
            pass  # it hung up first
        except TimeoutError:
            raise Unwell(f"no answer in {PATIENCE} s to {raw[:2000]!r}") from None
    answer = b"".join(parts)
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    return (int(words[1]), body) if len(words) > 1 and words[1].isdigit() else (0, body)


def _drain(connection: socket.socket, parts: list[bytes], seconds: float) -> None:
    """Read until the end, or for so long."""
    connection.settimeout(seconds)
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except TimeoutError:
        if seconds == PATIENCE:
            raise


def main() -> None:
    """The command line."""
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    sockets = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for name, answers in (
        ("dispatch", fuzz_dispatch(count, seed)),
        ("sockets", fuzz_sockets(sockets, seed)),
    ):
        print(f"{name}: {answers.total()} requests, {dict(answers.most_common())}")


if __name__ == "__main__":
    main()

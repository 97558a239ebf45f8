"""Predicted slippage against a recorded book of BTC/USDT, six minutes of August 2024."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from xq.execution.slippage_prediction import Market, middle, pinball, predict, residuals_of, walk
from xq.portfolio.slippage import HalfSpread, SlippageModel, SquareRootImpact
from xq.portfolio.slippage_fit import refit
from xq.types import Book, Side, Symbol

D = Decimal
SYMBOL = Symbol("BTC", "USDT")
FILE = "book/binance_spot_BTCUSDT_20240808T2354.raw.gz"
DEPTH = 400
VOLATILITY, VOLUME = 0.03, 300_000.0  # of a day then, about; the law's coefficient is fitted below


def depths(path: Path) -> Iterator[dict]:
    """The snapshot first, then the changes that it does not hold."""
    early, last = [], None
    with gzip.open(path, "rt") as file:
        for line in file:
            message = json.loads(line.partition(" ")[2])
            if "lastUpdateId" in message:
                last = message["lastUpdateId"]
                yield {"b": message["bids"], "a": message["asks"], "E": 0}
                yield from (change for change in early if change["u"] > last)
            elif "depth" in message.get("stream", ""):
                if last is None:
                    early.append(message["data"])
                elif message["data"]["u"] > last:
                    yield message["data"]


def second_by_second(path: Path) -> list[Book]:
    sides: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
    books: list[Book] = []
    for change in depths(path):
        for name, side in sides.items():
            for price, size in change[name]:
                side[D(price)] = D(size)
        if change["E"] and (not books or change["E"] >= books[-1].ts + 1_000):
            bids, asks = (
                tuple(sorted(((p, q) for p, q in side.items() if q), reverse=name == "b")[:DEPTH])
                for name, side in sides.items()
            )
            books.append(Book(SYMBOL, bids, asks, change["E"]))
    return books


@pytest.mark.market_data
def test_on_later_orders_the_book_beats_the_law_and_half_the_spread(market_data: Path) -> None:
    """Orders that meet the book a second after they were predicted; fitted on the first half."""
    books = second_by_second(market_data / FILE)
    assert len(books) > 300
    rng = np.random.default_rng(7)
    rows = []
    for before, after in pairwise(books):
        for side in Side:
            size = D(str(round(float(rng.lognormal(1.0, 1.2)), 3))) + D("0.001")
            cost = side.sign * float(walk(side, size, after).average / middle(before) - 1)
            rows.append((before, side, size, cost))
    paid = np.array([row[3] for row in rows])
    half = np.array([float(b.asks[0][0] / b.bids[0][0] - 1) / 2 for b, *_ in rows])
    share = np.array([float(row[2]) for row in rows]) / VOLUME
    first = slice(0, len(rows) // 2)
    volatility = np.full(len(rows), VOLATILITY)
    fitted = refit(paid[first], half[first], volatility[first], share[first]).coefficient
    ways: dict[str, tuple[bool, SlippageModel]] = {
        "book": (True, SquareRootImpact(fitted)),
        "law": (False, SquareRootImpact()),
        "fitted law": (False, SquareRootImpact(fitted)),
        "half spread": (False, HalfSpread()),
    }
    loss = {}
    for name, (shown, model) in ways.items():
        told = [
            predict(
                side,
                size,
                book=book if shown else None,
                market=Market(float(spread) * 2, VOLATILITY, VOLUME),
                model=model,
            ).expected
            for (book, side, size, _), spread in zip(rows, half, strict=True)
        ]
        loss[name] = _later_loss(np.array(told), paid)
    assert min(loss, key=lambda name: loss[name]) == "book", loss
    assert loss["book"] < 0.95 * loss["fitted law"], loss


def _later_loss(told: np.ndarray, paid: np.ndarray) -> float:
    """Pinball loss of the 5 %, 50 % and 95 % quantiles in the second half."""
    split = len(told) // 2
    known = residuals_of(told[:split], paid[:split])
    moves = ((0.05, known.low), (0.5, known.middle), (0.95, known.high))
    return sum(pinball(q, told[split:] + move, paid[split:]) for q, move in moves)

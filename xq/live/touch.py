"""What an order meets in a book. Pure."""

from decimal import Decimal

from xq.errors import OrderRefused
from xq.live.plan import Leg
from xq.types import Book, Side


def far_touch(book: Book, buying: bool) -> Decimal:
    """Best price that an order taking at once meets. Raises `OrderRefused` if there is none."""
    levels = book.asks if buying else book.bids
    if not levels:
        raise OrderRefused(f"nobody {'sells' if buying else 'buys'} {book.symbol}: no price")
    return levels[0][0]


def worst_price(book: Book, leg: Leg) -> Decimal | None:
    """Price of the last level that a leg takes from; None if the book holds less."""
    left = leg.quantity
    for price, size in book.asks if leg.side is Side.BUY else book.bids:
        left -= size
        if left <= 0:
            return price
    return None

"""What somebody meant who spelled a symbol another way."""

# Quote assets by which a venue's id is taken apart, longer ones before those they end with.
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "USD", "EUR", "TRY", "BRL",
          "GBP", "JPY", "BTC", "ETH", "BNB")  # fmt: skip


def likely(text: str) -> str | None:
    """The symbol that ``BTCUSDT``, ``btc-usdt`` or ``BTC_USDT`` stands for; None if unknown.

    Examples
    --------
    >>> likely("btc-usdt"), likely("42")
    ('BTC/USDT', None)
    """
    plain = "".join(sign for sign in text.upper() if sign.isascii() and sign.isalnum())
    for quote in QUOTES if text.count("/") < 2 else ():
        if plain.endswith(quote) and len(plain) > len(quote):
            return f"{plain.removesuffix(quote)}/{quote}"
    return None

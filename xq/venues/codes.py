"""Which answers of which venue prove what: error codes, and where things stand in an answer."""

from xq.venues.outcomes import Rules


def _codes(*spans: tuple[int, int]) -> frozenset[str]:
    return frozenset(str(code) for low, high in spans for code in range(low, high + 1))


# Sources: Binance spot and USDⓈ-M "Error Codes" and "General Info" pages. Left out on purpose:
# -1000 -1001 -1006 -1007 (may have executed), -4116 and -2010 "Duplicate order sent." (an earlier
# try of ours may be the live one), -2011 and -2013 (unknown order: it may have been filled).
BINANCE = Rules(
    rejected=_codes(
        (-1003, -1002),  # too many requests, unauthorized
        (-1008, -1008),  # overloaded, not processed
        (-1016, -1013),  # filter failure, bad composition, too many orders, service gone
        (-1022, -1021),  # timestamp outside recvWindow, bad signature
        (-1136, -1100),  # malformed parameters
        (-2019, -2018),  # balance, margin insufficient
        (-2015, -2014),  # API key
        (-2022, -2021),  # would trigger at once, reduce-only refused
        (-2028, -2024),  # position, open orders, leverage limits
        (-4016, -4001),  # quantity, price, client id length, price limits
        (-4024, -4023),  # step size, price limits
        (-4061, -4061),  # position side
        (-4120, -4120),  # conditional order sent to the plain book
        (-4131, -4131),  # no price on the other side
        (-4164, -4164),  # below minimum notional
        (-4400, -4400),  # quantitative rules: reduce only
        (-5022, -5021),  # FOK, post-only not possible
        (-5028, -5028),  # outside the matching engine's recvWindow
    ),
    rejected_messages={
        "-2010": frozenset(
            {
                "Account has insufficient balance for requested action.",
                "Market is closed.",
                "Order would immediately match and take.",
                "Order would trigger immediately.",
                "Stop price would trigger immediately.",
                "This symbol is not permitted for this account.",
            }
        )
    },
    rejected_statuses=frozenset({418, 429}),
    venue_id=("orderId", "algoId"),
    client_id=("clientOrderId", "clientAlgoId"),
    cancelled_client_id=("origClientOrderId", "clientOrderId", "clientAlgoId"),
    quantity=("origQty", "quantity"),
    code="code",
    message="msg",
)

# Source: Bybit v5 "Error Codes". Left out on purpose: 10000, 10016, 10019, 10429, -1 (may have been
# executed), 110001 (unknown order: it may have been filled), 110030, 110072 (id in use: an earlier
# try of ours may be the live one), 110079 (being processed).
BYBIT = Rules(
    rejected=_codes(
        (10001, 10006),  # parameters, time, key, signature, permission, too often
        (10009, 10010),  # banned, address not on the key's list
        (10018, 10018),  # too often from this address
        (10024, 10029),  # compliance, symbol not open to the account
        (110003, 110004),  # price out of range, balance
        (110006, 110007),  # balance
        (110009, 110014),  # too many stops, liquidation, balance, leverage
        (110017, 110018),  # reduce-only refused, user
        (110020, 110023),  # too many orders, only reducing
        (110024, 110029),  # position mode, margin mode
        (110040, 110040),  # would be liquidated
        (110043, 110045),  # leverage as it is, margin, balance
        (110051, 110055),  # balance
        (110057, 110057),  # wrong protection parameters
        (110061, 110061),  # too many protections
        (110066, 110068),  # trading not allowed
        (110074, 110074),  # contract not live
        (110090, 110090),  # position limit
        (110092, 110096),  # trigger passed, value below minimum, symbol restrictions
        (3400045, 3400045),  # margin mode
    ),
    rejected_messages={},
    rejected_statuses=frozenset({429}),
    venue_id=("orderId",),
    client_id=("orderLinkId",),
    cancelled_client_id=("orderLinkId",),
    quantity=(),
    code="retCode",
    message="retMsg",
    payload="result",
    success=frozenset({"0"}),
)

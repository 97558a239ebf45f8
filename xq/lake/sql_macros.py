"""Functions that ``xq sql`` adds to DuckDB's: bar lengths and coarser bars."""

from xq.timeframe import MONDAY_OFFSET_MS, MONTH, Timeframe, names


def _cases(form: str) -> str:
    return " ".join(f"WHEN '{n}' THEN {form.format(Timeframe.parse(n).ms)}" for n in names())


def _divides() -> str:
    """Which lengths make which, as `Timeframe.divides` has it; every length makes itself."""
    every = [Timeframe.parse(name) for name in names()]
    cases = []
    for bar in every:
        fitting = ", ".join(f"'{item}'" for item in every if item == bar or item.divides(bar))
        cases.append(f"WHEN '{bar}' THEN finer IN ({fitting})")
    return " ".join(cases)


def _first_of_month(moment: str, later: int = 0) -> str:
    """Without a time zone in between: a connection of one's own may have set another."""
    naive = f"date_trunc('month', make_timestamp(epoch_us({moment}))) + INTERVAL {later} MONTH"
    return f"make_timestamptz(epoch_us({naive}))"


_INTERVAL = "INTERVAL '{} milliseconds'"

# The bucket is the bar that contains a time, as `Timeframe.floor` has it; weeks open on Monday.
# A month of `bar_ms` and `bar_length` is a mean one: `bar_end` knows how long one is.
BASIC = (
    f"CREATE MACRO bar_ms(name) AS CASE name {_cases('{}::BIGINT')} END",
    f"CREATE MACRO bar_length(name) AS CASE name {_cases(_INTERVAL)} END",
    f"CREATE MACRO bar_offset_ms(name) AS CASE name WHEN '1w' THEN {MONDAY_OFFSET_MS} ELSE 0 END",
    f"CREATE MACRO bar_open(name, moment) AS CASE WHEN name = '{MONTH}' "
    f"THEN {_first_of_month('moment')} ELSE make_timestamptz(1000 * (epoch_ms(moment) - "
    "((epoch_ms(moment) - bar_offset_ms(name)) % bar_ms(name) + bar_ms(name)) % bar_ms(name))) END",
    f"CREATE MACRO bar_end(name, opened) AS CASE WHEN name = '{MONTH}' "
    f"THEN {_first_of_month('opened', 1)} ELSE opened + bar_length(name) END",
    f"CREATE MACRO bar_divides(finer, name) AS CASE name {_divides()} ELSE false END",
)

_PRICES = (
    "arg_min(b.open, b.ts) AS open, max(b.high) AS high, min(b.low) AS low, "
    "arg_max(b.close, b.ts) AS close"
)
# As `derive.of_what_traded` has it: flat bars without volume tell neither.
_TRADED_BARS = ", ".join(
    f"coalesce({value} FILTER (WHERE b.volume <> 0 OR b.high <> b.low), {value}) AS {name}"
    for value, name in (
        ("arg_min(b.open, b.ts)", "open"),
        ("max(b.high)", "high"),
        ("min(b.low)", "low"),
    )
)
# What the rows inside a bar make of it, by kind. Volumes are added in the order of time, so that
# the sum is the same in every run.
_MADE = {
    "ohlcv": f"{_TRADED_BARS}, arg_max(b.close, b.ts) AS close, "
    "sum(b.volume ORDER BY b.ts) AS volume",
    "mark": _PRICES,
    "index": _PRICES,
    "open_interest": "arg_max(b.quantity, b.ts) AS quantity, arg_max(b.notional, b.ts) AS notional",
}
_TRADED = (
    "arg_min(b.price, (b.ts, b.id)) AS open, max(b.price) AS high, min(b.price) AS low, "
    "arg_max(b.price, (b.ts, b.id)) AS close, sum(b.quantity ORDER BY b.ts, b.id) AS volume"
)

_REFUSE = (
    "WHEN target = '3d' THEN error('3d bars open on days of the venue''s own choice: "
    "take 1d or 1w')"
)

# A bucket is taken from the longest stored bars that fill it; `source` says which. No parameter
# may be named like a column of a kind: DuckDB would take one for the other inside the view.
_COARSER = """
CREATE MACRO {name}(target, market := NULL, source := NULL, incomplete := false) AS TABLE
WITH cut AS (
    SELECT b.exchange AS venue, b.symbol AS pair, b.timeframe AS length,
           bar_open(target, b.ts) AS ts, {made},
           count(*) AS bars, min(bar_ms(b.timeframe)) AS span,
           b.timeframe = target OR count(*) * bar_ms(b.timeframe) =
               epoch_ms(bar_end(target, bar_open(target, b.ts))) - epoch_ms(bar_open(target, b.ts))
               AS complete
    FROM main."{kind}" b
    WHERE CASE {refuse} ELSE bar_divides(b.timeframe, target) END
      AND (market IS NULL OR b.symbol = market)
      AND (source IS NULL OR b.timeframe = source)
    GROUP BY b.exchange, b.symbol, b.timeframe, bar_open(target, b.ts)
), best AS (
    SELECT cut.*, row_number() OVER (PARTITION BY cut.venue, cut.pair, cut.ts
                                     ORDER BY cut.complete DESC, cut.span DESC) AS place
    FROM cut
    WHERE cut.complete OR incomplete
)
SELECT best.venue AS exchange, best.pair AS symbol, target::VARCHAR AS timeframe, best.ts,
       {columns}, best.length AS source, best.bars, best.complete
FROM best
WHERE best.place = 1
"""

# Venues number trades without holes: a bar is whole if none is missing in it or beside it.
_OF_TRADES = """
CREATE MACRO {name}(target, market := NULL, incomplete := false) AS TABLE
WITH cut AS (
    SELECT b.exchange AS venue, b.symbol AS pair, bar_open(target, b.ts) AS ts, {made},
           count(*) AS rows, min(b.id) AS first, max(b.id) AS last
    FROM main.trades b
    WHERE CASE {refuse} ELSE true END AND (market IS NULL OR b.symbol = market)
    GROUP BY b.exchange, b.symbol, bar_open(target, b.ts)
), judged AS (
    SELECT cut.*, coalesce(cut.last - cut.first + 1 = cut.rows
                           AND lag(cut.last) OVER beside = cut.first - 1
                           AND lead(cut.first) OVER beside = cut.last + 1, false) AS complete
    FROM cut
    WINDOW beside AS (PARTITION BY cut.venue, cut.pair ORDER BY cut.ts)
)
SELECT judged.venue AS exchange, judged.pair AS symbol, target::VARCHAR AS timeframe, judged.ts,
       {columns}, 'trades' AS source, judged.rows AS trades, judged.complete
FROM judged
WHERE judged.complete OR incomplete
"""


def _columns(made: str, of: str) -> str:
    return ", ".join(f"{of}.{part.split(',')[0].strip()}" for part in made.split(" AS ")[1:])


def _coarser(kind: str, made: str) -> str:
    name = macro_of(kind)
    columns = _columns(made, "best")
    return _COARSER.format(name=name, kind=kind, made=made, columns=columns, refuse=_REFUSE)


def macro_of(kind: str) -> str:
    """The macro that makes coarser rows of a kind.

    Examples
    --------
    >>> macro_of("ohlcv"), macro_of("mark")
    ('resample', 'resample_mark')
    """
    return "resample" if kind == "ohlcv" else f"resample_{kind}"


# The macro of each kind, and by the macro's name the kind it reads.
RESAMPLE = {kind: _coarser(kind, made) for kind, made in _MADE.items()} | {
    "trades": _OF_TRADES.format(
        name=macro_of("trades"), made=_TRADED, columns=_columns(_TRADED, "judged"), refuse=_REFUSE
    )
}
RESAMPLES = {macro_of(kind): kind for kind in RESAMPLE}

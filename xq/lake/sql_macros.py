"""Functions that ``xq sql`` adds to DuckDB's: bar lengths and coarser bars."""

from xq.timeframe import MONDAY_OFFSET_MS, Timeframe, names


def _cases(form: str) -> str:
    return " ".join(f"WHEN '{n}' THEN {form.format(Timeframe.parse(n).ms)}" for n in names())


_INTERVAL = "INTERVAL '{} milliseconds'"

# The bucket is the bar that contains a time, as `Timeframe.floor` has it; weeks open on Monday.
BASIC = (
    f"CREATE MACRO bar_ms(name) AS CASE name {_cases('{}::BIGINT')} END",
    f"CREATE MACRO bar_length(name) AS CASE name {_cases(_INTERVAL)} END",
    f"CREATE MACRO bar_offset_ms(name) AS CASE name WHEN '1w' THEN {MONDAY_OFFSET_MS} ELSE 0 END",
    "CREATE MACRO bar_open(name, moment) AS make_timestamptz(1000 * (epoch_ms(moment) - "
    "((epoch_ms(moment) - bar_offset_ms(name)) % bar_ms(name) + bar_ms(name)) % bar_ms(name)))",
)

# Volumes are added in the order of time, so that the sum is the same in every run. A bucket is
# taken from the longest stored bars that fill it; `source` says which. No parameter may be named
# like a column of ohlcv: DuckDB would take one for the other inside the view.
RESAMPLE = """
CREATE MACRO resample(target, market := NULL, source := NULL, incomplete := false) AS TABLE
WITH cut AS (
    SELECT b.exchange AS venue, b.symbol AS pair, b.timeframe AS length,
           bar_open(target, b.ts) AS ts,
           arg_min(b.open, b.ts) AS open, max(b.high) AS high, min(b.low) AS low,
           arg_max(b.close, b.ts) AS close, sum(b.volume ORDER BY b.ts) AS volume,
           count(*) AS bars, min(bar_ms(b.timeframe)) AS span,
           count(*) * bar_ms(b.timeframe) = bar_ms(target) AS complete
    FROM main.ohlcv b
    WHERE CASE WHEN target = '3d' THEN error('3d bars open on days of the venue''s own choice: '
                    || 'take 1d or 1w') ELSE bar_ms(target) % bar_ms(b.timeframe) = 0 END
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
       best.open, best.high, best.low, best.close, best.volume,
       best.length AS source, best.bars, best.complete
FROM best
WHERE best.place = 1
"""

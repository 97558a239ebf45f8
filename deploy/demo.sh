#!/bin/sh
# The main job on the embedded venue: what `make run` shows.
set -eu
export XQ_EXCHANGE__NAME=sim
xq="${BIN:-.venv/bin}/xq"
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }

say xq collect --symbol BTC/USDT --days 30
"$xq" collect --symbol BTC/USDT --days 30 --output table
say xq indicators --symbol BTC/USDT ema:20 rsi:14 macd bbands:20:2 --last 5
"$xq" indicators --symbol BTC/USDT ema:20 rsi:14 macd bbands:20:2 --last 5 --output table
say xq backtest --strategy trend_following --report reports/trend_following.html
"$xq" backtest --strategy trend_following --report reports/trend_following.html --output table
say xq trade --once
"$xq" trade --once --output table

printf '\nThe report: %s\n' "$(pwd)/reports/trend_following.html"
printf 'Try next:\n'
printf '  xq backtest --strategy bollinger --param period=30\n'
printf '  xq sql "select * from ohlcv order by ts desc limit 5"\n'
printf '  xq trade          # keep going: one decision per closed bar\n'

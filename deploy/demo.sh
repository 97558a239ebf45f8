#!/bin/sh
# The main job on the embedded venue: what `make run` shows.
set -eu
export XQ_EXCHANGE__NAME=sim
bin="${BIN:-.venv/bin}"
report=reports/trend_following.html

show() {
  printf '\n$ xq'
  printf ' %s' "$@"
  printf '\n'
  "$bin/xq" "$@" --output table
}

show collect --symbol BTC/USDT --days 30
show indicators --symbol BTC/USDT ema:20 rsi:14 macd --last 5
show backtest --strategy trend_following --report "$report"
show trade --once

cat <<END

The report: $(pwd)/$report
Try next, after: export XQ_EXCHANGE__NAME=sim PATH="\$PWD/$bin:\$PATH"
  xq backtest --strategy bollinger --param length=30
  xq sql "select * from ohlcv order by ts desc limit 5"
  xq trade --once --dry-run --strategy mean_reversion
END

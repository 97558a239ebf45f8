"""An independent reader: DuckDB in its own process, without a line of xq."""

import json
import subprocess
import sys
from pathlib import Path

CODE = """
import json, sys
import duckdb
connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
for line in sys.stdin:
    root, start = json.loads(line)
    glob = f"{root}/ohlcv/*/*/*/*/part.parquet"
    query = f'''
        WITH bars AS (
            SELECT symbol, (epoch_ms(ts) - {start}) // 3600000 AS hour, close
            FROM read_parquet('{glob}', hive_partitioning = true)
        )
        SELECT symbol, list(hour ORDER BY hour),
               count(*) FILTER (close <> 100 + hour % 97 OR hour % 37 = 5)
        FROM bars GROUP BY symbol
    '''
    try:
        rows = connection.execute(query).fetchall()
        answer = {"symbols": {name: hours for name, hours, _ in rows},
                  "wrong": sum(wrong for _, _, wrong in rows)}
    except duckdb.IOException as error:
        answer = {"symbols": {}, "wrong": 0}
        if "No files found" not in str(error):
            answer["torn"] = str(error)
    except duckdb.Error as error:
        answer = {"symbols": {}, "wrong": 0, "torn": str(error)}
    print(json.dumps(answer), flush=True)
"""


class Judge:
    """Asks what a lake holds."""

    def __init__(self, start_ms: int) -> None:
        self._start_ms = start_ms
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, root: Path) -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(root), self._start_ms]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=60)

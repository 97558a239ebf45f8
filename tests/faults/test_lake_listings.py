"""What cannot be listed or read is an error that names it: never fewer rows, whoever asks."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from xq.lake import layout, sql
from xq.lake.layout import Dataset
from xq.lake.reader import Lake
from xq.lake.remove import remove
from xq.lake.schema import kind_of
from xq.lake.trust import proven_kinds
from xq.lake.writer import LakeWriter

BTC, ETH = (Dataset("trades", "sim", f"{name}/USDT") for name in ("BTC", "ETH"))
SUPPORT = Path(__file__).resolve().parents[1] / "support"
CAUSES = {
    "EACCES": "permission denied", "EIO": "input/output error", "EMFILE": "too many open files",
}  # fmt: skip
READERS = {
    "sql": "sql.query(root, 'select count(*) as n from ohlcv')['n'][0].as_py()",
    "sql_symbols": "sql.query(root, \"select count(*) as n from ohlcv where symbol in "
                   "('AAA/USDT', 'BBB/USDT')\")['n'][0].as_py()",
    "sql_joined": "sql.query(root, 'select count(*) as n from ohlcv_known')['n'][0].as_py()",
    "sql_coarser": "sql.query(root, \"select sum(bars) as n from resample('4h', "
                   "incomplete := true)\")['n'][0].as_py()",
    "duckdb": "Lake(root).duckdb().sql('select count(*) from ohlcv').fetchall()[0][0]",
    "frames": "Lake(root).scan('ohlcv').collect().height",
    "table": "sum(len(Lake(root).table(dataset(name))) for name in NAMES)",
    "derived": "Lake(root).table(replace(dataset(NAMES[0]), timeframe='4h')).num_rows and 16",
    "listing": "sum(info.rows for info in Lake(root).datasets('ohlcv'))",
    "usage": "sum(item.bytes for item in usage(root)) and 16",
    "manifests": "len(manifest.load(root, dataset(NAMES[0]))) * 16",
    "import": "len(find_files([str(root / 'ohlcv')]).files) * 8",
}  # fmt: skip
CODE = """
import json, sys
sys.path.insert(0, {tests!r})
from dataclasses import replace
from pathlib import Path
from support.faultline import LIST, Faultline
faults = Faultline()
from support.lake_worker import bars, dataset
from xq.api.import_files import find_files
from xq.lake import manifest, sql
from xq.lake.reader import Lake
from xq.lake.usage import usage
from xq.lake.writer import LakeWriter
NAMES = ("AAA/USDT", "BBB/USDT")
readers = {readers!r}
root = Path({root!r})
for name in NAMES:
    LakeWriter(root).upsert(dataset(name), bars(range(6, 14), symbol=name))
folders = [root, *sorted(path for path in root.rglob("*") if path.is_dir())]
def ask(reader):
    try:
        return int(eval(readers[reader]))
    except Exception as error:
        return [type(error).__name__, getattr(error, "message", str(error)),
                getattr(error, "where", "")]
for reader in readers:
    print(json.dumps(["whole", "", reader, ask(reader)]))
    for act in {acts!r}:
        for folder in folders:
            faults.arm(folder, act, 1, ever=True, kinds=LIST)
            said = ask(reader)
            faults.disarm()
            if faults.seen().last:
                print(json.dumps([act, str(folder), reader, said]))
for reader in ("sql", "sql_joined", "duckdb"):
    for at in range(1, 999):  # once, whoever lists
        faults.arm(root, "EIO", at, kinds=LIST)
        said = ask(reader)
        faults.disarm()
        if not faults.seen().last:
            break
        print(json.dumps(["EIO", str(root), reader, said]))
"""


def trades(count: int) -> pa.Table:
    schema = kind_of("trades").schema
    columns = {
        "ts": pa.array([1_704_067_200_000 + n * 1000 for n in range(count)]),
        "id": pa.array(range(count), pa.int64()),
        "price": pa.array([100.0] * count),
        "quantity": pa.array([1.0] * count),
        "side": pa.array(["buy"] * count),
    }
    return pa.table({name: columns[name].cast(schema.field(name).type) for name in columns},
                    schema=schema)  # fmt: skip


@pytest.mark.usefixtures("c_compiler")
def test_a_folder_that_cannot_be_listed_is_named_by_every_reader(tmp_path: Path) -> None:
    """Tests may run as root, who may list everything: so the calls themselves fail."""
    code = CODE.format(tests=str(SUPPORT.parent), readers=READERS, root=str(tmp_path / "lake"),
                       acts=tuple(CAUSES))  # fmt: skip
    script = tmp_path / "readers.py"
    start = f"import sys; sys.path.insert(0, {str(SUPPORT.parent)!r})\n"
    script.write_text(start + "from support.faultline import ready; ready()\n" + code)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {reader: said for act, _, reader, said in told if act == "whole"} == (
        dict.fromkeys(READERS, 16)
    )
    refused = [item for item in told if item[0] != "whole"]
    assert {reader for _, _, reader, _ in refused} == set(READERS)
    for act, folder, reader, said in refused:
        if said == 16 and ".xq" in folder:
            continue  # not every record is listed by every reader
        assert isinstance(said, list), f"{reader} found {said} with {act} in {folder}"
        kind, message, where = said
        assert (kind, CAUSES[act] in message) == ("StorageFailed", True), (reader, said)
        assert where.startswith(folder), (reader, said)


def test_a_file_that_cannot_be_read_is_no_empty_table_for_a_filter(tmp_path: Path) -> None:
    """Of a connection for notebooks: a filter on constants alone must not hide the error."""
    LakeWriter(tmp_path).upsert(BTC, trades(4))
    [leaf] = layout.leaves(tmp_path, BTC)
    leaf.path.write_bytes(b"broken")
    with closing(Lake(tmp_path).duckdb()) as connection:
        for ask in ("select * from trades", "select count(*) from trades"):
            for where in ("", " where symbol = 'BTC/USDT'", " where false or exchange = 'x'"):
                with pytest.raises(duckdb.Error, match=r"too small|magic"):
                    connection.sql(ask + where).fetchall()


def test_what_is_removed_while_it_is_asked_for_is_there_or_gone_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LakeWriter(tmp_path).upsert(BTC, trades(4))
    LakeWriter(tmp_path).upsert(ETH, trades(3))
    gone: list[Dataset] = []

    def between(*given: Any) -> None:
        """Files are listed, but not opened."""
        if not gone:
            gone.append(BTC)
            remove(tmp_path, BTC)
        proven_kinds(*given)

    monkeypatch.setattr(sql, "proven_kinds", between)
    assert sql.query(
        tmp_path, "select symbol, count(*) as n from trades group by 1"
    ).to_pylist() == [{"symbol": ETH.symbol, "n": 3}]
    assert gone == [BTC]


def test_a_file_that_vanishes_between_two_looks_is_asked_for_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a connection: the listing is xq's own, so what is gone by then is an error of its own."""
    LakeWriter(tmp_path).upsert(BTC, trades(4))
    with closing(Lake(tmp_path).duckdb()) as connection:
        remove(tmp_path, BTC)
        with pytest.raises(duckdb.IOException, match=r"part\.parquet"):
            connection.sql("select * from trades").fetchall()

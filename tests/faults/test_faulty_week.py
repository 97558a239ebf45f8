"""An hour with a fault in every minute; a sample of `tests/support/faulty_week.py`."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from support.faulty_week import STORY, Told, play
from support.torture_judge import judged

JOURNAL = "journal.sqlite"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    folder = tmp_path_factory.mktemp("week")
    return folder, play(61, 1, folder)


def test_no_decision_is_lost_in_silence(played: tuple[Path, Told]) -> None:
    _, found = played
    assert found.wrong == []
    assert found.sums().total() == 1
    words = {word for told in found.looks.values() for word in told}
    assert any(word.startswith("halted: ") for word in words), "no fault was felt"
    assert "nothing to do" in words


@pytest.mark.parametrize(
    ("file", "damage", "told"),
    [
        ("sim.sqlite", "INSERT INTO orders SELECT id + 900, {} FROM orders LIMIT 1", "duplicate"),
        ("sim.sqlite", "UPDATE algos SET client_id = 'xq-x' WHERE status = 'new'", "orphan"),
        ("sim.sqlite", "UPDATE algos SET status = 'canceled'", "naked"),
        (JOURNAL, "DELETE FROM fills", "missing"),
        (JOURNAL, "UPDATE orders SET filled = '9' WHERE leg = 'open'", "filled by the journal"),
        (JOURNAL, "UPDATE orders SET stop_price = '1' WHERE leg = 'stop'", "by the venue"),
    ],
    ids=["twice at the venue", "unknown", "canceled stop", "lost fills", "other quantity", "level"],
)
def test_the_judge_sees_what_it_is_there_for(
    played: tuple[Path, Told], tmp_path: Path, file: str, damage: str, told: str
) -> None:
    desk = tmp_path / "desk"
    shutil.copytree(played[0], desk)
    connection = sqlite3.connect(desk / file)
    rows = connection.execute("SELECT name FROM pragma_table_info('orders')").fetchall()
    names = ", ".join(f'"{name}"' for (name,) in rows if name != "id")
    connection.execute(damage.format(names))
    connection.commit()
    connection.close()
    wrong = judged(STORY, desk, str(desk / JOURNAL), final=False)
    assert any(told in text for text in wrong), wrong

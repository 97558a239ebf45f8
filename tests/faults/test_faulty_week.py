"""An hour with a fault in every minute; a sample of `tests/support/faulty_week.py`."""

from pathlib import Path

from support.faulty_week import play


def test_no_decision_is_lost_in_silence(tmp_path: Path) -> None:
    found = play(61, 1, tmp_path)
    assert found.wrong == []
    assert found.sums().total() == 1
    words = {word for told in found.looks.values() for word in told}
    assert any(word.startswith("halted: ") for word in words), "no fault was felt"
    assert "nothing to do" in words

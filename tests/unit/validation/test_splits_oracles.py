"""Splits against skfolio and purgedcv (recorded), refusals, and paths."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.significance_cases import LABELS

from xq.errors import UsageError
from xq.validation import labels, splits

RECORDED = json.loads(
    (Path(__file__).parents[1] / "metrics" / "oracles.json").read_text(encoding="utf-8")
)


def plain(found):
    return [[split.train_rows.tolist(), split.test_rows.tolist()] for split in found]


def test_combinatorial_splits_are_those_of_skfolio():
    assert plain(splits.combinatorial(60, 6, 2, purge=3, embargo=2)) == RECORDED["combinatorial"]


def test_purged_folds_are_those_of_purgedcv():
    assert plain(labels.folds(LABELS, 4)) == RECORDED["folds"]


def test_ten_groups_of_which_two_make_nine_paths():
    assert splits.path_count(10, 2) == 9
    assert len(list(splits.combinatorial(100, 10, 2))) == 45
    found = splits.paths(10, 2)
    assert len(found) == 9
    assert sorted(number for path in found for number in path) == sorted(list(range(45)) * 2)


def test_a_walk_forward_tests_every_later_row_once():
    found = list(splits.walk_forward(100, 30, 8, purge=2, embargo=1))
    assert np.concatenate([split.test_rows for split in found]).tolist() == list(range(30, 100))
    assert {split.test.start - split.train[0].stop for split in found} == {3}
    assert {len(split.train_rows) for split in found} == {27}


def test_an_anchored_walk_forward_keeps_the_beginning():
    found = list(splits.walk_forward(100, 30, 10, anchored=True))
    assert {split.train[0].start for split in found} == {0}
    assert [len(split.train_rows) for split in found] == list(range(30, 100, 10))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: splits.walk_forward(10, 10, 1), "leave nothing of 10 to test"),
        (lambda: splits.walk_forward(10, 0, 1), "train must be at least 1"),
        (lambda: splits.walk_forward(10, 5, 0), "test must be at least 1"),
        (lambda: splits.walk_forward(10, 5, 1, purge=-1), "purge must be at least 0"),
        (lambda: splits.walk_forward(10, 5, 1, purge=3, embargo=2), "nothing of 5 to learn"),
        (lambda: splits.combinatorial(10, 11, 2), "groups must be between 2"),
        (lambda: splits.combinatorial(10, 5, 5), "held must be between 1"),
        (lambda: list(splits.combinatorial(10, 2, 1, purge=9)), "leave nothing to learn"),
        (lambda: labels.folds(None, 4), "without their end"),
        (lambda: labels.forward_folds(None, 5, 5), "without their end"),
        (lambda: labels.combinatorial_folds(None, 4, 2), "without their end"),
        (lambda: labels.folds(np.array([0.0, 1.0]), 2), "whole row numbers"),
        (lambda: labels.folds(np.array([0, 0]), 2), "label of row 1 must end between 1 and 1"),
        (lambda: labels.folds(np.array([1, 2]), 2), "label of row 1 must end between 1 and 1"),
        (lambda: labels.folds(np.arange(4), 2, embargo=-1), "embargo must be at least 0"),
        (
            lambda: list(labels.forward_folds(np.full(10, 9), 5, 5)),
            "leave nothing to learn from before row 5",
        ),
        (
            lambda: list(labels.forward_folds(np.arange(10), 4, 5, embargo=6)),
            "leave nothing to learn from before row 4",
        ),
    ],
)
def test_refusals(call, text):
    with pytest.raises(UsageError, match=text):
        call()


def test_several_tests_have_no_single_one():
    split = next(splits.combinatorial(20, 5, 2))
    assert split.tests == (range(8),)  # neighbours are one range
    with pytest.raises(ValueError, match="values"):
        _ = splits.Split((range(4),), (range(4, 5), range(6, 7))).test

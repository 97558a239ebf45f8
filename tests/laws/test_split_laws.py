"""No split of any labelled data lets a training label share a bar with a test label."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xq.errors import UsageError
from xq.validation import labels, splits


@st.composite
def label_ends(draw):
    rows = draw(st.integers(8, 60))
    reach = draw(st.lists(st.integers(0, 9), min_size=rows, max_size=rows))
    return np.minimum(np.arange(rows) + np.array(reach), rows - 1)


def every_split(found):
    """The splits that leave something to learn from."""
    while True:
        try:
            split = next(found, None)
        except UsageError:
            return
        if split is None:
            return
        yield split


def shares_a_bar(split, ends):
    """Pair by pair, the slow way."""
    return any(i <= ends[j] and j <= ends[i] for i in split.train_rows for j in split.test_rows)


@given(label_ends(), st.integers(2, 6), st.integers(0, 5), st.data())
def test_labelled_folds_never_overlap(ends, groups, embargo, data):
    held = data.draw(st.integers(1, groups - 1))
    for split in every_split(labels.combinatorial_folds(ends, groups, held, embargo=embargo)):
        assert labels.overlaps(split, ends) == 0
        assert not shares_a_bar(split, ends)
        for test in split.tests:
            after = set(range(test.stop, test.stop + embargo))
            assert not after & set(split.train_rows.tolist())


@given(label_ends(), st.integers(3, 20), st.integers(1, 9), st.booleans(), st.integers(0, 4))
def test_labelled_walks_learn_only_from_a_known_past(ends, train, test, anchored, embargo):
    try:
        found = labels.forward_folds(ends, train, test, anchored=anchored, embargo=embargo)
    except UsageError:
        return
    for split in every_split(found):
        assert labels.overlaps(split, ends) == 0
        assert not shares_a_bar(split, ends)
        assert ends[split.train_rows].max() < split.test.start
        assert split.train_rows.max() < split.test.start - embargo


@given(label_ends(), st.data())
def test_the_audit_counts_what_a_comparison_of_pairs_counts(ends, data):
    begin = data.draw(st.integers(1, len(ends) - 2))
    stop = data.draw(st.integers(begin + 1, len(ends) - 1))
    split = splits.Split((range(begin), range(stop, len(ends))), (range(begin, stop),))
    slow = sum(
        any(i <= ends[j] and j <= ends[i] for j in split.test_rows) for i in split.train_rows
    )
    assert labels.overlaps(split, ends) == slow


@given(st.integers(10, 80), st.integers(2, 7), st.integers(0, 4), st.integers(0, 4), st.data())
def test_purge_is_a_label_of_that_length(rows, groups, purge, embargo, data):
    held = data.draw(st.integers(1, groups - 1))
    ends = np.minimum(np.arange(rows) + purge, rows - 1)
    for split in every_split(
        splits.combinatorial(rows, groups, held, purge=purge, embargo=embargo)
    ):
        assert labels.overlaps(split, ends) == 0


@given(st.integers(2, 8), st.data())
def test_paths_are_whole_and_use_every_test_once(groups, data):
    held = data.draw(st.integers(1, groups - 1))
    found = splits.paths(groups, held)
    assert len(found) == splits.path_count(groups, held)
    assert {len(path) for path in found} == {groups}
    used = [(group, number) for path in found for group, number in enumerate(path)]
    assert len(used) == len(set(used))

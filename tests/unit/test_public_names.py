"""What ``import xq`` promises."""

import subprocess
import sys

import pytest

import xq


def test_every_public_name_resolves_and_nothing_else_is_public() -> None:
    for name in xq.__all__:
        assert getattr(xq, name) is not None
    assert sorted(dir(xq)) == sorted(xq.__all__)


def test_import_costs_nothing() -> None:
    code = "import sys, xq; print(sorted(m for m in sys.modules if m.startswith('xq.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchName"):
        getattr(xq, "NoSuchName")  # noqa: B009

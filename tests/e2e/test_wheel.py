"""The wheel carries what a user needs: strategies, the recorded history, the type marker."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def test_strategies_have_one_source(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = {
            name.rpartition("/")[2]: archive.read(name)
            for name in archive.namelist()
            if name.startswith("xq/_strategies/")
        }
    shipped = {path.name: path.read_bytes() for path in (ROOT / "strategies").glob("*.py")}
    assert carried == shipped
    assert len(carried) >= 4


def test_recorded_history_and_licences_are_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for path in (ROOT / "xq" / "sim" / "data").iterdir():
        assert f"xq/sim/data/{path.name}" in names
    assert "xq/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith("tests") or "/tests/" in name for name in names)


def test_a_workspace_made_from_the_wheel_has_the_strategies(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-m", "xq", "init", "desk", "--output", "json"],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "desk" / "strategies" / "bollinger.py").is_file()

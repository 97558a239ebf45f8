"""The house rules of the code, read from its syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "xq"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_strategies" not in path.parts)

LAYERS = (
    (
        *("errors", "frozen", "spelling", "types", "venue_types", "bars", "timeframe", "ports"),
        *("clock", "redact", "garbage"),
        *("config", "config_layers", "config_risk", "config_observe", "config_section"),
    ),
    ("indicators", "metrics", "risk", "lake", "venues", "observe"),
    ("strategy", "portfolio", "execution", "sim", "validation"),
    ("live",),
    ("backtest", "collect", "ml"),
    ("api",),
    ("cli", "serve"),
    ("__main__",),
)  # fmt: skip
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}

# (importer, imported) on one line of the drawing, each with its decision record.
NEIGHBOURS: set[tuple[str, str]] = {("execution", "portfolio")}  # 0112

HEAVY = {
    "aiohttp", "apscheduler", "ccxt", "duckdb", "numba", "numpy", "pandas", "pandas_ta_classic",
    "plotly", "polars", "pyarrow", "requests", "scipy", "sqlalchemy", "talib", "vectorbt",
    "vectorbt_rust",
}  # fmt: skip
CLOCK_CALLS = {
    "time.time", "time.time_ns", "time.sleep", "time.monotonic", "time.monotonic_ns",
    "time.perf_counter", "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "asyncio.sleep",
}  # fmt: skip
SEEDED = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox", "BitGenerator"}


def _room(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            if node.module == "xq":
                yield from ((f"xq.{alias.name}", node.lineno) for alias in node.names)


def _module_level_imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _imports(ast.Module([node], []))


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards(path: Path) -> None:
    room = _room(path)
    if room == "__init__":
        return
    for name, line in _imports(_tree(path)):
        if not name.startswith("xq."):
            continue
        target = name.split(".")[1]
        if target in (room, "__version__"):
            continue
        assert target in RANK, f"{path}:{line} imports {name}, which no layer holds"
        ok = RANK[target] < RANK[room] or (RANK[target] == RANK[room] == 0)
        assert ok or (room, target) in NEIGHBOURS, f"{path}:{line}: {room} may not import {target}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_come_from_the_file_that_defines_them(path: Path) -> None:
    for name, line in _imports(_tree(path)):
        folder = PACKAGE.joinpath(*name.split(".")[1:])
        if name.startswith("xq.") and folder.is_dir() and name != "xq.indicators":
            pytest.fail(f"{path}:{line} imports through the package {name}") if not any(
                (folder / f"{alias}.py").exists() or (folder / alias).is_dir()
                for alias in _aliases(path, line)
            ) else None


def _aliases(path: Path, line: int) -> list[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node.lineno == line:
            return [alias.name.rpartition(".")[2] for alias in node.names]
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_time_and_chance_have_one_door(path: Path) -> None:
    if path.name == "clock.py" and _room(path) == "clock":
        return
    for node in ast.walk(_tree(path)):
        name = _dotted(node) if isinstance(node, (ast.Attribute, ast.Name)) else ""
        tail = ".".join(name.split(".")[-2:])
        assert tail not in CLOCK_CALLS, f"{path}:{node.lineno} reads the clock: {name}"
        if ".random." in f".{name}." and name.split(".")[0] in ("np", "numpy", "random"):
            assert name.endswith("random") or name.split(".")[-1] in SEEDED | {"Random"}, (
                f"{path}:{node.lineno} unseeded randomness: {name}"
            )
        if name.startswith(("random.", "secrets.", "uuid.uuid")):
            assert name in ("random.Random",), f"{path}:{node.lineno} unseeded: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_are_small_and_do_not_assert(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    limit = 100 if _room(path) == "cli" and path.name not in CLI_ROOMS else 300
    assert lines <= limit, f"{path} has {lines} lines, at most {limit}"
    for node in ast.walk(_tree(path)):
        assert not isinstance(node, ast.Assert), f"{path}:{node.lineno} asserts"


CLI_ROOMS = {"app.py", "shell.py", "output.py", "table.py"}


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if _room(path) in ("cli", "api", "__init__", "__main__", "errors")],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_start_up_is_light(path: Path) -> None:
    for name, line in _module_level_imports(_tree(path)):
        assert name.split(".")[0] not in HEAVY, f"{path}:{line} imports {name} at start-up"


def test_every_file_belongs_to_a_layer() -> None:
    assert {_room(path) for path in FILES} - {"__init__"} <= set(RANK)


def test_package_inits_hold_only_a_docstring() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        if path.parent in (PACKAGE, PACKAGE / "indicators") or "_strategies" in path.parts:
            continue
        assert len(_tree(path).body) <= 1, f"{path} holds code"

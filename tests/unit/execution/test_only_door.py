"""One module can send orders, and only what the gate approved; read from the syntax trees."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[3] / "xq"
DOOR = PACKAGE / "execution" / "send.py"
VENUE_SIDE = {"venues", "sim"}  # they are what is behind the door
REPLAYED = PACKAGE / "backtest" / "replay_venue.py"  # so is this: the simulated venue at the port
ORDER_CALLS = {"place", "cancel", "create_order", "cancel_order", "create_orders", "edit_order"}

APPROVALS = ("Approved", "ApprovedCancel", "ApprovedReplace")


def _calls(path: Path) -> list[tuple[str, int, ast.Call]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (node.func.attr, node.lineno, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def _outside() -> list[Path]:
    files = (path for path in PACKAGE.rglob("*.py") if path not in (DOOR, REPLAYED))
    return [path for path in files if path.relative_to(PACKAGE).parts[0] not in VENUE_SIDE]


def test_nobody_but_the_door_sends() -> None:
    guilty = []
    for path in _outside():
        for name, line, call in _calls(path):
            owner = ast.unparse(call.func.value)
            if name in ORDER_CALLS and owner != "send":
                guilty.append(f"{path}:{line} {owner}.{name}")
    assert guilty == []


def test_nobody_but_the_door_changes_an_order() -> None:
    for path in _outside():  # texts, times and files have a ``replace`` too
        for name, line, call in _calls(path):
            owner = ast.unparse(call.func.value)
            assert (name, owner.endswith("venue")) != ("replace", True), f"{path}:{line}"
    assert any(name == "replace" for name, _, _ in _calls(DOOR))


def test_nobody_reaches_around_by_name() -> None:
    for path in _outside():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
                for argument in node.args[1:2]:
                    constant = argument.value if isinstance(argument, ast.Constant) else None
                    assert constant not in ORDER_CALLS, f"{path}:{node.lineno}"


def test_the_door_takes_only_what_the_gate_approved() -> None:
    tree = ast.parse(DOOR.read_text(encoding="utf-8"))
    bodies = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    functions = {body.name: body for body in bodies if not body.name.startswith("_")}
    first = {name: ast.unparse(f.args.args[0].annotation or f) for name, f in functions.items()}
    assert first == {
        "place": "Approved", "place_all": "Sequence[Due]",
        "cancel": "ApprovedCancel", "replace": "ApprovedReplace",
    }  # fmt: skip
    sends = [(name, ast.unparse(call.args[0])) for name, _, call in _calls(DOOR)
             if name in ("place", "cancel")]  # fmt: skip
    assert sends == [("place", "request"), ("cancel", "symbol")]


def test_only_the_gate_holds_the_seal() -> None:
    gate = PACKAGE / "risk" / "gate.py"
    for path in PACKAGE.rglob("*.py"):
        if path == gate:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in APPROVALS, path
            if isinstance(node, (ast.Name, ast.alias)):
                name = node.id if isinstance(node, ast.Name) else node.name
                assert name != "_SEAL", path

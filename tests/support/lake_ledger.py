"""What a tortured lake owes, what was found of it, and the figures."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.faultline import Seen
from support.lake_damage import Damage
from support.lake_judge import Judge
from support.torture_venue import NAMES, is_hole

OWN = ("locks", "coverage", "facts", "manifest", "verified", "quarantine", "format.json")
SYMBOLS = tuple(f"{name}/USDT" for name in NAMES)


@dataclass
class Figures:
    """What happened; all up to ``errors`` must be 0.

    Attributes
    ----------
    kills
        SIGKILLs that struck after the work's first change and before its end.
    began_nothing, ended_first
        Others: they interrupted nothing and do not count.
    acknowledged_rows
        Rows whose commit had returned, each counted once per lake.
    rows_checked
        The sum over all looks of the rows that had to be there.
    """

    lost_rows: int = 0
    duplicates: int = 0
    torn_files: int = 0
    wrong_rows: int = 0
    strays_after_start: int = 0
    kept_twice: int = 0
    not_kept: int = 0
    errors: list[str] = field(default_factory=list)
    kills: int = 0
    killed_in: dict[str, int] = field(default_factory=dict)
    killed_how: dict[str, int] = field(default_factory=dict)
    began_nothing: int = 0
    ended_first: int = 0
    kills_that_left_strays: int = 0
    repairs: int = 0
    looks: int = 0
    acknowledged_rows: int = 0
    rows_checked: int = 0
    rounds: int = 0
    seed: int = 0

    @property
    def violations(self) -> int:
        """Everything that must not be."""
        return (
            self.lost_rows + self.duplicates + self.torn_files + self.wrong_rows
            + self.strays_after_start + self.kept_twice + self.not_kept + len(self.errors)
        )  # fmt: skip

    def line(self) -> str:
        """Where it stands."""
        return f"{self.kills} kills {self.killed_in}, {self.violations} violations"

    def __add__(self, other: "Figures") -> "Figures":
        """Figures of both; the seed of the first."""
        mine, theirs = vars(self), vars(other)
        return Figures(**{name: _sum(mine[name], theirs[name]) for name in mine if name != "seed"},
                       seed=self.seed)  # fmt: skip


def _sum(one: Any, other: Any) -> Any:
    return (
        {**other, **{k: v + other.get(k, 0) for k, v in one.items()}}
        if isinstance(one, dict)
        else one + other
    )


def strays(root: Path) -> list[Path]:
    """Files of a lake that neither hold data nor belong to it at rest."""
    found = []
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        own = parts[0] == ".xq" and len(parts) > 1 and parts[1] in OWN
        staged = path.suffix in (".part", ".tmp", ".partial")
        data = parts[0] in ("ohlcv", "quarantine") and path.name == "part.parquet"
        if path.is_file() and (staged or not (own or data)):
            found.append(path)
    return found


class Ledger:
    """Keeps account of one lake after the other.

    Attributes
    ----------
    damage
        What was damaged on purpose and is not known to be repaired.
    removing
        A symbol that may be there or gone, as a whole.
    keeping
        What may lie in quarantine already; empty for nothing.
    """

    def __init__(self, judge: Judge, seed: int) -> None:
        self.figures = Figures(seed=seed)
        self.damage: Damage | None = None
        self.removing: str | None = None
        self.keeping = ""
        self._judge = judge

    def fresh(self, root: Path) -> None:
        """Begin with an empty lake."""
        self.root = root
        self.owed: dict[str, set[int]] = {name: set() for name in SYMBOLS}
        self.damage, self.keeping = None, ""
        self.kept: set[str] = set()

    def close(self) -> None:
        self._judge.close()

    def error(self, text: str) -> None:
        """Something was said that must not be said."""
        self.figures.errors.append(f"seed {self.figures.seed}, round {self.figures.rounds}: {text}")

    def count(self, name: str, how: str, seen: Seen, *, killed: bool) -> None:
        """Whether a kill counts."""
        figures = self.figures
        if not killed or seen.ended:
            figures.ended_first += 1
        elif not seen.changes:
            figures.began_nothing += 1
        else:
            figures.kills += 1
            figures.killed_in[name] = figures.killed_in.get(name, 0) + 1
            figures.killed_how[how] = figures.killed_how.get(how, 0) + 1

    def listen(self, where: str, lines: Iterable[str], *, rows: bool) -> None:
        """Take down what a child said: errors, and which rows it acknowledged."""
        for line in lines:
            if line.startswith("!"):
                self.error(f"{where}: {line}")
            elif rows:
                symbol, first, last = line.split(" ")
                self.acknowledge(symbol, int(first), int(last))

    def acknowledge(self, symbol: str, first: int, last: int) -> None:
        """The hours from ``first`` to ``last`` must be there from now on."""
        hours = {hour for hour in range(first, last + 1) if not is_hole(hour)}
        self.figures.acknowledged_rows += len(hours - self.owed[symbol])
        self.owed[symbol] |= hours

    def look(self) -> None:
        """Ask the independent reader; what it has seen once must be there from now on, too."""
        figures, damage = self.figures, self.damage
        still = damage is not None and damage.still_there()
        digests = (damage.sha256,) if damage and still and damage.sha256 else ()
        found = self._judge.ask(self.root, digests)
        figures.looks += 1
        if "torn" in found:
            figures.torn_files += 1
            self.error(str(found["torn"])[:200])
            return
        figures.wrong_rows += int(found["wrong"])
        figures.kept_twice += int(found["kept_twice"])
        may_be_kept = (len(self.kept), len(self.kept | {self.keeping} - {""}))
        if self.damage is None and found["kept"] not in may_be_kept:
            figures.not_kept += 1
            self.error(f"{found['kept']} things in quarantine, {len(self.kept)} belong there")
        for symbol in SYMBOLS:
            hours = found["symbols"].get(symbol, [])
            excused = set(damage.hours) if damage and still and damage.symbol == symbol else set()
            self._compare(symbol, hours, excused)

    def _compare(self, symbol: str, hours: list[int], excused: set[int]) -> None:
        figures, stored = self.figures, set(hours)
        figures.duplicates += len(hours) - len(stored)
        if self.removing == symbol and not stored:
            self.owed[symbol] = set()  # gone at one instant, all of it
        lost = self.owed[symbol] - stored - excused
        if lost:
            figures.lost_rows += len(lost)
            self.error(f"{symbol} lost {len(lost)} hours, {min(lost)} to {max(lost)}")
        figures.rows_checked += len(self.owed[symbol])
        self.owed[symbol] |= stored

    def repaired(self) -> None:
        """The damage must be gone, and what was bad must be kept."""
        damage, self.damage = self.damage, None
        if damage is None:
            return
        self.figures.repairs += 1
        if damage.still_there():
            self.error(f"not repaired: {damage.path} {damage.kept}")
        if damage.kept:
            self.kept.add(damage.kept)

    def set_aside(self) -> None:
        """What an import was to keep must be there from now on."""
        self.kept |= {self.keeping} - {""}
        self.keeping = ""

    def after_start(self) -> None:
        """Nothing may lie about now."""
        found = strays(self.root)
        self.figures.strays_after_start += len(found)
        for path in found:
            self.error(f"stray {path.relative_to(self.root)}")

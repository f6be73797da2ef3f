"""Seeded schedules: what goes wrong, when, and to whom. The same seed is the same schedule, on every machine.

Every fault has an id that does not depend on the others, so that a schedule can be replayed with fewer of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulator.aws import Blow, Course, Fate, Replica, Run, Stored, Way
from tests.simulator.process import Act, Fault
from tests.simulator.shell import Setup
from tests.simulator.site import Courses

__all__ = ["Deed", "Schedule"]

HORIZON = 5400.0
"""Seconds after which nothing more goes wrong."""

_AWS = (
    (Blow.CRASH_BEFORE, 4),
    (Blow.CRASH_AFTER, 4),
    (Blow.LOST, 3),
    (Blow.RESENT, 3),
    (Blow.THROTTLED, 2),
    (Blow.EXPIRED, 1),
    (Act.PAUSE, 5),
)
_PEOPLE = ((Act.FAILED, 1), (Act.CLEARED, 2), (Act.DELETED, 0.4), (Act.OUT_OF_TIME, 1))
_PAUSES = (30.0, 130.0, 330.0, 400.0, 500.0, 900.0)
_STYLES = {
    "mixed": frozenset({""}),
    "crashes": frozenset({Blow.CRASH_BEFORE, Blow.CRASH_AFTER, Blow.LOST, Blow.RESENT}),
    "pauses": frozenset({Act.PAUSE}),
    "people": frozenset({Act.FAILED, Act.CLEARED, Act.OUT_OF_TIME}),
}
_CHANCE = {"worker": 1.0, "trigger": 0.5, "kill": 0.5, "reaper": 0.3}
# Calls among which a fault falls, the earlier ones more often.
_CALLS = {"worker": 14, "trigger": 30, "kill": 4, "reaper": 14}
_DEEDS = (
    ("clear", 4), ("mark failed", 3), ("delete run", 1), ("triggerer dies", 2), ("scheduler down", 3),
    ("duplicate event", 2), ("by hand", 2), ("stray at source", 1), ("stray at destination", 1), ("retries", 0.5),
)  # fmt: skip


@dataclass(frozen=True)
class Deed:
    """Something that happens to the whole, not to a process.

    Args:
        id: names it.
        kind: of the words in this module.
        at: when.
        pick: decides which task or run, from 0 to 1.
        seconds: how long.
    """

    id: str
    kind: str
    at: float
    pick: float
    seconds: float


class Schedule(Courses):
    """All that a seed decides.

    Args:
        seed: the seed.
        keep: ids of the faults and deeds that happen; None for all.
    """

    def __init__(self, seed: int, keep: frozenset[str] | None = None) -> None:
        self.seed, self.keep = seed, keep
        self.applied: list[str] = []
        self.calm = False
        dice = self.dice("setup")
        self.setup = Setup(
            mover=dice.choice(("crr", "crr", "crr", "copy", "copy", "in-place")),
            repair=dice.random() < 0.5,
            queue=dice.random() < 0.5,
            asynchronous=dice.random() < 0.6,
        )
        style = _STYLES[dice.choice(("mixed", "crashes", "pauses", "people"))]
        self._kinds = {
            "worker": _weighted(_AWS + _PEOPLE, style),
            "other": _weighted(_AWS, style),
        }
        self._intensity = dice.choice((0.15, 0.3, 0.5, 0.8))
        self.trigger_on_kill = dice.random() < 0.6
        self.cleans = dice.random() < 0.4
        self.starts = [0.0, *sorted(dice.uniform(30, 1500) for _ in range(dice.choice((0, 1, 1, 2))))]
        self.deeds = [deed for deed in self._deeds(self.dice("deeds")) if self.kept(deed.id)]

    def dice(self, name: str) -> Random:
        """Chance for one purpose, independent of all others."""
        return Random(zlib.crc32(name.encode(), self.seed & 0xFFFFFFFF) ^ (self.seed << 8))

    def kept(self, fault: str) -> bool:
        """Whether a fault happens in this replay."""
        return self.keep is None or fault in self.keep

    def strikes(self, fault: str) -> bool:
        """Whether a fault of the services happens; told of in `applied`."""
        kept = self.kept(fault) and not self.calm
        if kept:
            self.applied.append(fault)
        return kept

    def faults(self, name: str, kind: str) -> dict[int, Fault]:
        """The faults of a process."""
        dice = self.dice(name)
        if dice.random() > _CHANCE[kind] * self._intensity:
            return {}
        kinds, weights = self._kinds["worker" if kind == "worker" else "other"]
        found: dict[int, Fault] = {}
        for _ in range(dice.choice((1, 1, 2, 3))):
            most = _CALLS[kind] * (2 if "/arrive/" in name and self.setup.mover == "copy" else 1)  # it makes many calls
            call = int(dice.random() ** 1.5 * most) + 1
            what = dice.choices(kinds, weights)[0]
            seconds = dice.choice(_PAUSES) if what == Act.PAUSE else 0.0
            then = dice.choice((0, 0, 1, 2, 4, 8))
            for more in range(dice.choice((1, 1, 3, 6)) if what is Blow.THROTTLED else 1):
                text = f"{name}@{call + more}: {what}" + (f" {seconds:.0f} s" if seconds else "")
                if self.kept(text):
                    found[call + more] = Fault(text, call + more, what, seconds, then)
        return found

    def glue(self, run: Run) -> Course:
        return self._course(f"glue/{run.request['Arguments'].get('--crosswind-token', run.id)}", "AlgorithmError")

    def training(self, run: Run) -> Course:
        return self._course(f"training/{run.name}", "AlgorithmError: exit code 1")

    def spoils(self, run: Run) -> bool:
        return self.dice(f"spoils/{run.name}").random() < 0.01 and self.strikes(
            f"the data of {run.name} is overwritten"
        )

    def function(self, name: str, payload: Mapping[str, Any]) -> Way:
        dice = self.dice(f"function/{payload.get('crosswind', {}).get('token', '')}")
        fails = dice.random() < 0.05 and self.strikes("the function fails")
        return Way(dice.choice((0.5, 2.0, 20.0)), dice.choice((1.0, 2.0, 45.0)), fails=fails)

    def replica(self, stored: Stored) -> Replica:
        dice = self.dice(f"replica/{stored.key}/{stored.version_id}")
        luck = dice.random()
        if luck < 0.03 and self.strikes(f"replica {stored.key} fails"):
            return Replica(Fate.FAILS, dice.uniform(1, 60))
        if luck < 0.045 and self.strikes(f"replica {stored.key} is lost"):
            return Replica(Fate.LOST, 0)
        if luck > 0.92 and self.strikes(f"replica {stored.key} is late"):
            return Replica(Fate.ARRIVES, dice.uniform(300, 2500))
        return Replica(Fate.ARRIVES, dice.uniform(1, 40))

    def _course(self, name: str, reason: str) -> Course:
        dice = self.dice(name)
        fails = reason if dice.random() < 0.06 and self.strikes(f"{name} fails") else ""
        return Course(
            dice.uniform(2, 30), dice.choice((20.0, 60.0, 240.0, 700.0)), fails, dice.choice((1.0, 20.0, 90.0))
        )

    def _deeds(self, dice: Random) -> list[Deed]:
        kinds, weights = [kind for kind, _ in _DEEDS], [weight for _, weight in _DEEDS]
        found = []
        for number in range(dice.choice((0, 1, 1, 2, 3))):
            kind, at = dice.choices(kinds, weights)[0], dice.uniform(5, 2500)
            seconds = dice.choice((20.0, 100.0, 400.0, 900.0))
            found.append(Deed(f"deed {number}: {kind} at {at:.0f} s", kind, at, dice.random(), seconds))
        return found


def _weighted(choices: tuple[tuple[str, float], ...], style: frozenset[str]) -> tuple[list[str], list[float]]:
    """Kinds of faults and how likely each is; those of the style six times as likely."""
    return [kind for kind, _ in choices], [weight * (6 if kind in style else 1) for kind, weight in choices]

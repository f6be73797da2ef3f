"""What a look at the destination tells, and when to look again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from crosswind.airflow.handover.failures import FailedReplica
from crosswind.airflow.handover.model import Arrival, Version

__all__ = ["ArrivalLook", "next_delay"]


@dataclass(frozen=True)
class ArrivalLook:
    """How far a handover has come.

    Args:
        arrived: what is proven to be at the destination, in the versions there; sorted by key.
        arrived_bytes: their size together.
        missing: how many objects are not there at all.
        missing_bytes: the size of those together.
        failed: what will not come by itself, and why.
        problems: sentences about the destination: what is there and should not be, or is hidden. They do not pass.
        repaired: the keys that this look had copied since S3 had failed to.
        busy: more could be done right away; look again without waiting.
        lag_seconds: since publication; up to this look while something is missing.
        arrival: the proof, once all have arrived and there is no problem.
        unproven: how many objects are there by the destination's list, and were not yet looked at one by one.
        named: some of the missing ones, for a message.
    """

    arrived: tuple[Version, ...]
    arrived_bytes: int
    missing: int
    missing_bytes: int
    failed: tuple[FailedReplica, ...]
    problems: tuple[str, ...]
    repaired: tuple[str, ...]
    busy: bool
    lag_seconds: float
    arrival: Arrival | None
    unproven: int = 0
    named: tuple[Version, ...] = ()

    @property
    def hopeless(self) -> bool:
        """Whether waiting is in vain: stop at once, with `text` as the reason."""
        return bool(self.failed or self.problems)

    @property
    def text(self) -> str:
        """The look as lines for the task's log."""
        total = len(self.arrived) + self.unproven + self.missing
        unproven = f", {self.unproven} are there and not yet proven" if self.unproven else ""
        lines = [
            f"{len(self.arrived)} of {total} objects have arrived ({self.arrived_bytes} bytes){unproven},"
            f" {self.missing} are missing ({self.missing_bytes} bytes), {self.lag_seconds:.0f} s after publication"
        ]
        lines += [f"repaired by copy: {key}" for key in self.repaired]
        lines += [f"failed: {each.text}" for each in self.failed]
        lines += [f"problem: {problem}" for problem in self.problems]
        return "\n".join(lines)


def next_delay(look: int, base: float, cap: float) -> float:
    """Seconds to wait after a look: the base after the first, twice as long after each further one, up to a cap.

    Args:
        look: how many looks there were, from 1.
        base: seconds after the first.
        cap: seconds at most.
    """
    doublings = min(max(look, 1) - 1, 32)  # more would overflow nothing, and exceed any cap in use
    return float(min(cap, base * 2**doublings))

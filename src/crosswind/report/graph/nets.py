"""Arrows that share a beginning or an end, drawn as one line that branches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from crosswind.report.graph.things import Arrow, ArrowKind, Port

__all__ = ["Net", "crowd", "nets"]


@dataclass(frozen=True)
class Net:
    """Arrows of one kind from one port, or to one port.

    Attributes:
        kind: of its arrows.
        arrows: one or several.
    """

    kind: ArrowKind
    arrows: tuple[Arrow, ...]

    @property
    def gathers(self) -> bool:
        """Whether several arrows have one end."""
        return len(self.arrows) > 1 and len({arrow.target for arrow in self.arrows}) == 1


def nets(arrows: Sequence[Arrow]) -> tuple[Net, ...]:
    """Every arrow in one net, in the order of the arrows.

    Arrows that begin at one port are a net; of the others, those that end at one.
    """
    sources = Counter((arrow.kind, arrow.source) for arrow in arrows)
    found: dict[tuple[ArrowKind, Port, bool], list[Arrow]] = defaultdict(list)
    for arrow in arrows:
        fans_out = sources[arrow.kind, arrow.source] > 1
        found[arrow.kind, arrow.source if fans_out else arrow.target, fans_out].append(arrow)
    return tuple(Net(kind, tuple(members)) for (kind, _, _), members in found.items())


def crowd(found: Sequence[Net]) -> Counter[Port]:
    """How many nets touch each port."""
    return Counter(port for net in found for port in {end for a in net.arrows for end in (a.source, a.target)})

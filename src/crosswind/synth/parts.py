"""Templates within CloudFormation's limits: what is over one becomes several stacks, divided by name.

A division follows from the names alone, so it is the same on every machine and at every time. Things are told apart by
the bits of a hash of their names: what does not fit is divided by the first bit, a half that does not fit by the
second, and so on. So one thing more divides one stack at most, and moves no more than half of what that holds. The half
whose bit is 0 stays in the stack that there was; the other one goes into a new stack, which comes after it: a name is
given up before it is taken again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswind.synth.stack import INLINE_BYTES, MAX_RESOURCES, Stack

__all__ = ["FIRST", "LIMITS", "Limits", "Weight", "before", "divided", "weight_of", "within"]

# What is counted for a function's code, however long it is: so that no stack's name follows from a file, which a
# removal need not have. Functions with more may be too much for a stack all the same: an error then says so.
_CODE_BYTES = 5_120


FIRST = "0"
"""The part that stays where all of it was."""


@dataclass(frozen=True)
class Limits:
    """How large a template may be.

    Attributes:
        size: in bytes, of compact JSON.
        resources: how many.
    """

    size: int = INLINE_BYTES
    resources: int = MAX_RESOURCES


LIMITS = Limits()
"""CloudFormation's, for a template that is given in the call itself."""


@dataclass(frozen=True)
class Weight:
    """What something adds to a template.

    Attributes:
        size: in bytes, of compact JSON; a little more rather than less.
        resources: how many.
    """

    size: int = 0
    resources: int = 0

    def __add__(self, other: Weight) -> Weight:
        return Weight(self.size + other.size, self.resources + other.resources)

    def within(self, limits: Limits) -> bool:
        """Whether a template with that much keeps within limits."""
        return self.size <= limits.size and self.resources <= limits.resources


def weight_of(template: Mapping[str, Any]) -> Weight:
    """The weight of a template, or of some of its sections, each function's code counted as equally long."""
    size, resources = _size(template), template.get("Resources", {})
    for each in resources.values():
        if each["Type"] == "AWS::Lambda::Function":
            size += _CODE_BYTES - _size(each["Properties"]["Code"]["ZipFile"])
    return Weight(size, len(resources))


def within(stack: Stack, limits: Limits) -> bool:
    """Whether a stack's template keeps within limits."""
    return weight_of(stack.template).within(limits)


def _size(content: Any) -> int:
    return len(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())


def divided(names: Sequence[str], fits: Callable[[Sequence[str], str], bool]) -> dict[str, tuple[str, ...]]:
    """Names in parts, each of which fits; but for the first, one name that does not fit is a part all the same.

    Args:
        names: of what is to be divided; none twice.
        fits: whether some of them fit into the stack of a part, which is given too: `FIRST`'s may hold other things.

    Returns:
        The names by part, each in the order given; perhaps none for `FIRST`. A part's name are the bits that tell it
        from the part that comes before it; see `before`.
    """
    parts: dict[str, tuple[str, ...]] = {}
    waiting = [("", tuple(names))]
    while waiting:
        path, some = waiting.pop()
        part = path.rstrip("0") or FIRST
        if some and ((len(some) == 1 and part != FIRST) or fits(some, part)):
            parts[part] = some
        elif some:
            for bit in "01":
                waiting.append((path + bit, tuple(name for name in some if _bits(name)[len(path)] == bit)))
    return dict(sorted(parts.items()))


def before(part: str, parts: Sequence[str]) -> str:
    """The part from which a part was divided, of those that there are; empty for none."""
    while part != FIRST:
        part = part[:-1].rstrip("0") or FIRST
        if part in parts:
            return part
    return ""


def _bits(name: str) -> str:
    digest = hashlib.sha256(name.encode()).digest()
    return "".join(f"{byte:08b}" for byte in digest)

"""Templates' conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["truth"]


def truth(
    condition: Mapping[str, Any], holds: Callable[[Any, str], bool], value: Callable[[Any, str], Any], path: str
) -> bool:
    """Whether a condition holds.

    Args:
        condition: of the template.
        holds: whether a named condition does.
        value: the resolved value of content.
        path: of the condition, for errors.

    Raises:
        ValueError: this is no condition.
    """
    ((function, inner),) = condition.items()
    match function:
        case "Condition":
            return holds(inner, path)
        case "Fn::Equals":
            return bool(value(inner[0], path) == value(inner[1], path))
        case "Fn::Not":
            return not truth(inner[0], holds, value, path)
        case "Fn::And":
            return all(truth(each, holds, value, path) for each in inner)
        case "Fn::Or":
            return any(truth(each, holds, value, path) for each in inner)
    raise ValueError(f"{function} is no condition")

"""An explanation for the terminal: what `crosswind.iam` tells, and where the documents to edit come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.iam.explanation import Explanation, text
from crosswind.report.origins import Origin

__all__ = ["lines"]


def lines(explanation: Explanation | Mapping[str, Any], origins: Sequence[Origin] = ()) -> list[str]:
    """The lines of text that tell why a request was allowed or denied.

    Args:
        explanation: the explanation, or what its `as_dict` gave.
        origins: of the documents to edit; none when no topology is at hand.

    Raises:
        KeyError, TypeError, ValueError: a mapping that is no explanation.
    """
    told = explanation if isinstance(explanation, Explanation) else Explanation.of(explanation)
    return text(told, [str(each) for each in origins]).splitlines()

"""An explanation for the terminal: what `crosswind.iam` tells, and where the documents to edit come from."""

from __future__ import annotations

from collections.abc import Sequence

from crosswind.iam.explanation import Explanation, text
from crosswind.report.origins import Origin

__all__ = ["lines"]


def lines(explanation: Explanation, origins: Sequence[Origin] = ()) -> list[str]:
    """The lines of text that tell why a request was allowed or denied.

    Args:
        explanation: why.
        origins: of the documents to edit; none when no topology is at hand.
    """
    return text(explanation, [str(each) for each in origins]).splitlines()

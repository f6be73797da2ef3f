"""What happens while a plan is applied, as data for whoever shows it, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from crosswind.deploy.steps import Step
from crosswind.errors import CrosswindError

__all__ = ["Event", "Kind", "Outcome", "Result", "Status"]

Kind = Literal["started", "progress", "done", "failed", "skipped", "interrupted"]
Status = Literal["done", "failed", "skipped", "interrupted"]


@dataclass(frozen=True)
class Event:
    """One thing that happened to one step.

    Args:
        kind: what happened.
        step: the step.
        text: a stack resource's event, a count, or the reason; empty for none.
        seconds: how long the step took, once it ended.
    """

    kind: Kind
    step: Step
    text: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Result:
    """How one step ended.

    Args:
        step: the step.
        status: how it ended.
        note: what it did, or why it did not run.
        seconds: how long it took.
        error: the cause, when it failed.
    """

    step: Step
    status: Status
    note: str = ""
    seconds: float = 0.0
    error: CrosswindError | None = None


@dataclass(frozen=True)
class Outcome:
    """What came out of a plan: a result for every step, in the order in which they ended.

    Args:
        results: the results.
        outputs: the outputs of each stack and StackSet, by name.
        versions: the S3 version id of each uploaded object, by step id.
        interrupted: whether the user stopped it.
    """

    results: tuple[Result, ...]
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def ok(self) -> bool:
        """Whether every step ended well."""
        return all(result.status == "done" for result in self.results)

    @property
    def failures(self) -> tuple[Result, ...]:
        """The steps that failed, the first cause first."""
        return tuple(result for result in self.results if result.status == "failed")

    def raise_first(self) -> None:
        """Raise the first cause, when a step failed; KeyboardInterrupt when the user stopped it."""
        for result in self.failures:
            if result.error is not None:
                raise result.error
        if self.interrupted:
            raise KeyboardInterrupt

"""A flow: one right that somebody needs for what the topology declares, and how that is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

__all__ = [
    "AWS_OWNED",
    "OBSERVED",
    "SOMETIMES",
    "Context",
    "Evidence",
    "Flow",
    "Keys",
    "documented",
    "frozen",
    "pattern_of",
    "sample_of",
]

Keys = Mapping[str, str | tuple[str, ...]]
"""Condition keys and their values, as they are given."""

Context = tuple[tuple[str, str | tuple[str, ...]], ...]
"""Condition keys and their values, sorted by key."""

AWS_OWNED = "999999999999"
"""Stands for an account of AWS's own, whose policies let in whom its service serves."""

_PLACEHOLDER = re.compile(r"<([^<>]+)>")


@dataclass(frozen=True)
class Evidence:
    """How a flow is known.

    Attributes:
        page: the AWS page, or what else says so; empty for what the end-to-end runs on the local world show.
        always: of what is observed: whether each run of the example shows it. What depends on the moment (a look while
            something is late) need not be seen, but may.
    """

    page: str = ""
    always: bool = True

    @property
    def observed(self) -> bool:
        """Whether the runs on the local world show it."""
        return not self.page

    def __str__(self) -> str:
        return self.page or ("observed" if self.always else "observed at times")


OBSERVED = Evidence()
"""Each run of the example on the local world shows it."""
SOMETIMES = Evidence(always=False)
"""A run of the example on the local world may show it: it depends on what is late."""


@lru_cache(maxsize=1024)
def documented(page: str) -> Evidence:
    """A flow that a page of AWS's describes, since the example's runs on the local world do not show it.

    Args:
        page: of docs.aws.amazon.com, without the host; or any other address, or words.
    """
    return Evidence(f"docs.aws.amazon.com/{page}" if not page.startswith(("http", "the ")) else page)


@dataclass(frozen=True)
class Flow:
    """One right that somebody needs.

    What is known only later stands as `<name>` in a text: `transformed/<run>/handover.json`. It is asked about with a
    sample in its place, and covers whatever may stand there.

    Attributes:
        does: what is done, in words: `starts the Glue job clean`.
        who: the ARN of a role, or a service's name, such as `glue.amazonaws.com`.
        action: such as `s3:GetObject`; with a `*` at its end only where AWS's own page asks for exactly that.
        resource: the ARN; `*` for an action without one.
        owner: the account of the resource.
        asks: the key path in the topology that asks for it, such as `pipelines.p.steps[1].run`.
        evidence: how it is known.
        context: the condition keys that come with it beside the derived ones.
    """

    does: str
    who: str
    action: str
    resource: str
    owner: str
    asks: str
    evidence: Evidence
    context: Context = ()

    @cached_property
    def question(self) -> tuple[str, str, str, str, Context]:
        """What IAM is asked: who, action, resource, owner, context; flows with the same are decided once."""
        context = tuple((key, _sampled(value)) for key, value in self.context)
        return self.who, self.action.rstrip("*"), sample_of(self.resource), self.owner, context


def frozen(context: Keys) -> Context:
    """Condition keys as a flow holds them."""
    return tuple(sorted(context.items()))


@lru_cache(maxsize=65_536)
def sample_of(text: str) -> str:
    """A text with samples in place of what is known only later: the words themselves."""
    return _PLACEHOLDER.sub(lambda match: match[1], text) if "<" in text else text


@lru_cache(maxsize=65_536)
def pattern_of(text: str) -> str:
    """A text as a pattern: `*` in place of what is known only later."""
    return _PLACEHOLDER.sub("*", text) if "<" in text else text


def _sampled(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return sample_of(value) if isinstance(value, str) else tuple(sample_of(each) for each in value)

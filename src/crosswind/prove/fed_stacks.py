"""All stacks of a topology, each fed by what the others put out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crosswind.errors import InputError, Place
from crosswind.prove.template_values import TemplateValues
from crosswind.synth import OwnerDocument, Stack

__all__ = ["Stacks"]


class Stacks:
    """All stacks of a topology with their templates, each fed by the outputs of the others.

    Args:
        stacks: with the templates to be read.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        late: whether late needs are met; without, each stack is as it was first deployed.
        owners: what is added to resources that are there already.
    """

    def __init__(
        self, stacks: Sequence[Stack], partition: str, *, late: bool = True, owners: Sequence[OwnerDocument] = ()
    ) -> None:
        self.owners = tuple(owners)
        self._by_name = {stack.name: TemplateValues(stack, partition, self._output, late=late) for stack in stacks}

    def __iter__(self) -> Iterator[TemplateValues]:
        return iter(self._by_name.values())

    def _output(self, stack: str, output: str, asking: Place) -> Any:
        if stack not in self._by_name:
            known = ", ".join(sorted(self._by_name))
            raise InputError(
                f"the stack {stack}, which feeds it, is not there; stacks: {known}",
                place=asking,
                hint="give the templates of all stacks",
            )
        return self._by_name[stack].output(output, asking)

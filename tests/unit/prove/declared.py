"""Declared topologies with their stacks, and templates of them edited as by hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crosswind.prove import Finding, Origin, Proof, file_of, prove
from crosswind.prove.document_reader import read_documents
from crosswind.prove.documents import Documents
from crosswind.prove.estate import Estate
from crosswind.prove.fed_stacks import Stacks
from crosswind.prove.flow import Flow
from crosswind.prove.flows import flows
from crosswind.synth import LIMITS, Limits, Stack, deployer_stacks, inline_sources, synth
from crosswind.topology import Topology, read
from crosswind.topology.places import Places

_CODE = "def handler(event, context):\n    return {}\n"


@dataclass(frozen=True)
class Declared:
    """A topology, the lines of its file, and its stacks."""

    topology: Topology
    places: Places
    stacks: tuple[Stack, ...]

    @classmethod
    def of(cls, file: Path) -> Declared:
        declared = read(file)
        return cls(declared.topology, declared.places, stacks_of(declared.topology))

    @property
    def proof(self) -> Proof:
        return prove(self.topology, self.places, self.stacks)

    def documents(self, *, late: bool = True) -> Documents:
        return read_documents(Stacks(self.stacks, self.topology.partition, late=late))

    def flows(self) -> list[Flow]:
        resolved = Stacks(self.stacks, self.topology.partition)
        return list(flows(Estate(self.topology, read_documents(resolved), resolved)))

    def edited(self, origin: Origin) -> tuple[Declared, dict[str, Any]]:
        """The same with templates of its own, and the statement at a place in them, to be changed."""
        stacks = [replace(each, template=copy.deepcopy(each.template)) for each in self.stacks]
        stack = next(each for each in stacks if file_of(each) == origin.file)
        return replace(self, stacks=tuple(stacks)), statement_at(stack, origin.path)

    def write(self, folder: Path) -> Path:
        """Templates as `crosswind synth --out` writes them."""
        for stack in self.stacks:
            path = folder / file_of(stack)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(stack.template))
        return folder


def stacks_of(topology: Topology, limits: Limits = LIMITS) -> tuple[Stack, ...]:
    stacks = synth(topology, dict.fromkeys(inline_sources(topology), _CODE), limits)
    return (*stacks, *deployer_stacks(topology, stacks, limits))


def content_at(content: Any, path: str) -> Any:
    """What stands at a path of a template, behind `Fn::If` where there is one."""
    for part in path.replace("[", ".[").split("."):
        content = content[int(part[1:-1])] if part.startswith("[") else content[part]
        if isinstance(content, dict) and set(content) == {"Fn::If"}:
            content = content["Fn::If"][1]
    return content


def statement_at(stack: Stack, path: str) -> dict[str, Any]:
    found: dict[str, Any] = content_at(stack.template, path)
    return found


def statements_of(stack: Stack, path: str) -> list[Any]:
    """The list in which the statement at a path stands."""
    head, _, _ = path.rpartition("[")
    found: list[Any] = content_at(stack.template, head)
    return found


def new(before: Proof, after: Proof) -> Iterator[Finding]:
    """The findings that were not there before."""
    told = {(each.kind, each.says) for each in before.findings}
    return (each for each in after.findings if (each.kind, each.says) not in told)


def kinds(findings: Sequence[Finding] | Iterator[Finding]) -> set[str]:
    return {each.kind.value for each in findings}

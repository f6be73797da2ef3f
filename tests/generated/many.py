"""Many topologies, small to medium: each partition, each number of roles and each size come by turns.

`python -m tests.generated.many --count 500` holds the templates of as many to cfn-lint, proves them, and tells what it
finds. Those of continuous integration are the first twenty.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosswind.cli import wire
from crosswind.prove import prove
from crosswind.synth import Stack, pretty
from crosswind.topology import Declared, check, read
from tests.generated import Size, written
from tests.golden.cfn import said

__all__ = ["One", "linted", "many"]

SIZES = (Size(1, 1, 3), Size(1, 2, 4), Size(2, 2, 6), Size(2, 1, 5), Size(1, 2, 9), Size(2, 2, 12), Size(3, 2, 8))
PARTITIONS = ("aws", "aws-cn", "aws", "aws-us-gov")
ROLES = ("site", "pipeline", "single")


@dataclass(frozen=True)
class One:
    """One of the topologies.

    Attributes:
        seed: from 1; gives all the rest.
    """

    seed: int

    @property
    def size(self) -> Size:
        """How large it is."""
        return SIZES[self.seed % len(SIZES)]

    @property
    def partition(self) -> str:
        """Where it is."""
        return PARTITIONS[self.seed % len(PARTITIONS)]

    @property
    def roles(self) -> str:
        """How many roles Airflow has at the sites."""
        return ROLES[self.seed % len(ROLES)]

    def __str__(self) -> str:
        size = f"{self.size.accounts} accounts, {self.size.regions} Regions, {self.size.pipelines} pipelines"
        return f"seed {self.seed}: {self.partition}, roles {self.roles}, {size}"

    def made(self, folder: Path) -> tuple[Declared, tuple[Stack, ...]]:
        """The topology, read from a file that is written for it, and its stacks."""
        declared = read(written(folder, self.size, self.seed, self.roles, self.partition))
        faults = check(declared.topology, declared.places, declared.root)
        if faults:
            raise AssertionError(f"{self}: {[str(fault) for fault in faults]}")
        return declared, wire.every_stack(declared.topology, declared.root)


def many(count: int) -> Iterator[One]:
    """The first so many."""
    return (One(seed) for seed in range(1, count + 1))


def linted(stacks: Sequence[Stack]) -> list[str]:
    """What cfn-lint has to say of some stacks, each line with the stack's name."""
    return [f"{stack.name}: {each}" for stack in stacks for each in said(pretty(stack.template), stack.region)]


def main() -> int:
    """Hold as many as wanted; the exit code is 1 when anything was found."""
    parser = argparse.ArgumentParser(description="cfn-lint and crosswind prove over generated topologies")
    parser.add_argument("--count", type=int, default=500)
    count = parser.parse_args().count
    templates, found, began = 0, 0, time.monotonic()
    for one in many(count):
        with tempfile.TemporaryDirectory() as folder:
            declared, stacks = one.made(Path(folder))
        told = linted(stacks)
        proof = prove(declared.topology, declared.places, stacks)
        told += [f"{each.kind.value}: {each.says}" for each in proof.findings]
        templates, found = templates + len(stacks), found + len(told)
        for line in told:
            sys.stdout.write(f"{one}: {line}\n")
        if one.seed % 50 == 0:
            sys.stdout.write(f"{one.seed} of {count}: {templates} templates, {time.monotonic() - began:.0f} s\n")
            sys.stdout.flush()
    seconds = time.monotonic() - began
    sys.stdout.write(f"{count} topologies, {templates} templates, {found} findings, {seconds:.0f} s\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

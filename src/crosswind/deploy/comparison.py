"""What should be and what is, into what to do. Pure: no call is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from crosswind.deploy.desired import Desired
from crosswind.deploy.objects import digest
from crosswind.deploy.observe import Observed, ObservedStack, ObservedStackSet, Wanted
from crosswind.deploy.stacks import same_stack
from crosswind.deploy.steps import (
    ApplyStack,
    ApplyStackSet,
    DeleteStack,
    Later,
    ObjectVersion,
    Output,
    Parameters,
    Plan,
    RemoveObject,
    Step,
    Unchanged,
    Upload,
    Value,
)

__all__ = ["compare", "wanted"]


def wanted(steps: Iterable[Desired], prefixes: Iterable[tuple[str, str, str, str]] = ()) -> Wanted:
    """What to observe for these steps."""
    stacks, stacksets, objects = set(), set(), set()
    for step in steps:
        match step:
            case ApplyStack():
                stacks.add((step.account, step.region, step.stack))
            case ApplyStackSet():
                stacksets.add((step.account, step.region, step.stackset))
            case Upload():
                objects.add((step.account, step.region, step.bucket, step.key))
    return Wanted(frozenset(stacks), frozenset(stacksets), frozenset(objects), frozenset(prefixes))


def compare(topology: str, desired: Iterable[Desired], observed: Observed) -> Plan:
    """Compare, step by step, in the order given.

    Args:
        topology: the topology's name.
        desired: the steps of a first deploy, each after what it needs.
        observed: what exists of it.
    """
    planner = _Planner(observed)
    steps: list[Step] = []
    for step in desired:
        steps.extend(planner.step(step))
    steps.extend(_removals(steps, observed))
    return Plan(topology, "deploy", tuple(steps), tuple(planner.messages))


class _Planner:
    """Carries what is known of the steps before: their outputs, versions, and which of them change."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._outputs: dict[str, Mapping[str, str]] = {}
        self._versions: dict[str, str] = {}
        self._changing: set[str] = set()
        self.messages: list[str] = []

    def step(self, step: Desired) -> list[Step]:
        match step:
            case Upload():
                return [self._upload(step)]
            case ApplyStack():
                return self._stack(step)
            case ApplyStackSet():
                return [self._stackset(step)]

    def _upload(self, step: Upload) -> Step:
        found = self._observed.objects.get((step.account, step.region, step.bucket, step.key))
        if found is None:
            return step
        if found.sha256 != digest(step.content):
            return replace(step, change="update", because="its content differs")
        self._versions[step.id] = found.version
        return Unchanged(
            id=step.id,
            account=step.account,
            region=step.region,
            after=step.after,
            kind="object",
            name=f"s3://{step.bucket}/{step.key}",
            version=found.version,
        )

    def _stack(self, step: ApplyStack) -> list[Step]:
        found = self._observed.stacks.get((step.account, step.region, step.stack))
        alive = None if found is None or found.dead else found
        step = replace(step, parameters=_kept(step.parameters, alive.parameters if alive else {}))
        if step.stack in self._changing:
            return [_second_phase(step, alive)]
        if found is None:
            self._changing.add(step.stack)
            return [step]
        if alive is None:
            self._changing.add(step.stack)
            return self._anew(step, found)
        change = self._compare(step, step.stack, alive, settled=alive.settled)
        return [change if isinstance(change, Unchanged) else _because(step, change)]

    def _anew(self, step: ApplyStack, found: ObservedStack) -> list[Step]:
        """A stack that can only be deleted is deleted before it is created."""
        clear = DeleteStack(
            id=f"{step.id}/clear",
            account=step.account,
            region=step.region,
            after=step.after,
            stack=step.stack,
            because=f"it is in {found.status}, which nothing but deletion ends",
        )
        self.messages.append(f"stack {step.stack} is in {found.status}: it is deleted, then created anew")
        return [clear, replace(step, after=(*step.after, clear.id), change="replace", because=clear.because)]

    def _stackset(self, step: ApplyStackSet) -> Step:
        found = self._observed.stacksets.get((step.account, step.region, step.stackset))
        step = replace(step, parameters=_kept(step.parameters, found.parameters if found else {}))
        if step.stackset in self._changing:
            return _second_phase(step, found)
        if found is None:
            self._changing.add(step.stackset)
            return step
        states = [found.instances.get(where) for where in step.instances]
        settled = all(state is not None and state.status == "CURRENT" for state in states)
        change = self._compare(step, step.stackset, found, settled=settled)
        return change if isinstance(change, Unchanged) else _because(step, change)

    def _compare(
        self,
        step: ApplyStack | ApplyStackSet,
        name: str,
        found: ObservedStack | ObservedStackSet,
        *,
        settled: bool,
    ) -> Unchanged | str:
        """Unchanged, or the reason for a change; one that begins with `perhaps` is known at run time only."""
        known = {key: self._known(value) for key, value in step.parameters}
        reason = ""
        if not settled:
            reason = f"it is in {found.status}" if isinstance(found, ObservedStack) else "an instance is not CURRENT"
        elif not same_stack(step.template, {}, found.template, {}):
            reason = "its template differs"
        else:
            differs = [key for key, value in known.items() if value is not None and _now(found, key) != value]
            open_ends = [key for key, value in known.items() if value is None]
            if differs:
                reason = f"parameters differ: {', '.join(differs)}"
            elif open_ends:
                reason = f"perhaps: {', '.join(open_ends)} may differ after the steps before"
        if reason:
            self._changing.add(name)
            return reason
        outputs = _outputs(step, found)
        if name not in self._changing:
            self._outputs[name] = outputs
        return Unchanged(
            id=step.id,
            account=step.account,
            region=step.region,
            after=step.after,
            kind="stack" if isinstance(found, ObservedStack) else "stackset",
            name=name,
            outputs=tuple(sorted(outputs.items())),
        )

    def _known(self, value: Value) -> str | None:
        """A parameter's value as far as it is known before anything runs."""
        match value:
            case str():
                return value
            case Output():
                return None if value.stack in self._changing else self._outputs.get(value.stack, {}).get(value.key)
            case ObjectVersion():
                return self._versions.get(value.step)
            case Later():
                return None


_S = TypeVar("_S", ApplyStack, ApplyStackSet)


def _second_phase(step: _S, found: ObservedStack | ObservedStackSet | None) -> _S:
    """A step on a stack that a step before changes already."""
    if found is None:
        return replace(step, change="update", because="its second phase: what it waited for is there")
    return replace(step, change="verify", because="its first phase changes it")


def _because(step: _S, reason: str) -> _S:
    return replace(step, change="verify" if reason.startswith("perhaps") else "update", because=reason)


def _kept(parameters: Parameters, found: Mapping[str, str]) -> Parameters:
    """Late parameters as they are now, empty for a stack that is not there."""
    return tuple((key, found.get(key, "") if isinstance(value, Later) else value) for key, value in parameters)


def _now(found: ObservedStack | ObservedStackSet, key: str) -> str | None:
    if key in found.parameters:
        return found.parameters[key]
    declared = found.template.get("Parameters", {}).get(key, {}) if isinstance(found.template, Mapping) else {}
    return str(declared["Default"]) if "Default" in declared else None


def _outputs(step: ApplyStack | ApplyStackSet, found: ObservedStack | ObservedStackSet) -> dict[str, str]:
    if isinstance(found, ObservedStack):
        return dict(found.outputs)
    instances = step.instances if isinstance(step, ApplyStackSet) else ()
    return {key: value for where in instances for key, value in found.instances[where].outputs.items()}


def _removals(steps: Iterable[Step], observed: Observed) -> list[Step]:
    """Objects under our own prefixes that are not declared any more: the file of a DAG that is gone."""
    kept = {step.id for step in steps}
    return [
        RemoveObject(id=f"remove/{bucket}/{key}", account=account, region=region, bucket=bucket, key=key)
        for (account, region, bucket, _), keys in sorted(observed.listed.items())
        for key in keys
        if f"upload/{bucket}/{key}" not in kept
    ]

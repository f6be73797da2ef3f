"""`crosswind prove`: show that the policies suffice for every flow of a topology, and that none of them is spare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import FileOption, Output, OutputOption
from crosswind.errors import InputError, Place, TopologyError
from crosswind.topology import check, read

if TYPE_CHECKING:
    from crosswind.prove import Proof
    from crosswind.synth import OwnerDocument, Stack

__all__ = ["prove"]


def prove(
    file: FileOption = Path("crosswind.yaml"),
    templates: Annotated[
        Path | None, typer.Option(help="Prove the templates below this folder, as `crosswind synth --out` writes them.")
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Prove least privilege: every flow is allowed, every statement is needed, what must be refused is."""
    from crosswind.prove import prove as hold
    from crosswind.synth import owner_documents

    console = Console(as_json=output is Output.json)
    declared = read(file)
    faults = check(declared.topology, declared.places, declared.root)
    if faults:
        raise TopologyError.of(faults)
    stacks = wire.every_stack(declared.topology, declared.root)
    owners = owner_documents(declared.topology)
    if templates is not None:
        stacks, owners = _given(stacks, owners, templates)
    proof = hold(declared.topology, declared.places, stacks, owners)
    if console.as_json:
        console.data(
            {
                "schema_version": 1,
                "topology": declared.topology.name,
                "proven": proof.proven,
                "counts": dict(proof.counts),
                "given": [each.arn for each in owners],
                "findings": [each.as_dict() for each in proof.findings],
                "exceptions": [each.as_dict() for each in proof.exceptions],
            }
        )
    else:
        _show(console, proof, file)
        if owners:
            console.line(
                f"given that the owners of {len(owners)} resources that are there already have added what"
                " `crosswind synth --out` writes below owners/, and that nothing else of theirs refuses it"
            )
    if not proof.proven:
        raise typer.Exit(1)


def _show(console: Console, proof: Proof, file: Path) -> None:
    if proof.findings:
        console.table(
            f"{len(proof.findings)} findings",
            ("finding", "topology", "statement", "what"),
            [
                (each.kind.value, str(each.place), _statement(each.policy, each.sid), each.says)
                for each in proof.findings
            ],
        )
        for each in proof.findings:
            if each.origin:
                console.note(f"  {each.origin}: {each.fix}")
    if proof.exceptions:
        console.table(
            f"{len(proof.exceptions)} exceptions, which stand for a reason",
            ("holder", "statement", "reason"),
            [(each.holder.rpartition(":")[2], each.sid, each.reason) for each in proof.exceptions],
        )
    counts = proof.counts
    console.line(
        f"{'proven' if proof.proven else 'not proven'}: {counts.get('flows', 0)} flows"
        f" ({counts.get('questions', 0)} different questions), {counts.get('refusals', 0)} refusals,"
        f" {counts.get('elements', 0)} statements and texts in them, {counts.get('roles', 0)} roles"
    )
    if proof.findings:
        console.note(f"next: mend what asks for them, then crosswind prove -f {file}")


def _statement(policy: str, sid: str) -> str:
    return "/".join(part for part in (policy, sid) if part) or "-"


def _given(
    stacks: Sequence[Stack], owners: Sequence[OwnerDocument], folder: Path
) -> tuple[tuple[Stack, ...], tuple[OwnerDocument, ...]]:
    """What a folder holds instead; each file there must be one of theirs, and none may be missing."""
    from crosswind.prove import file_of

    wanted = {folder / file_of(stack): stack for stack in stacks}
    added = {folder / each.file: each for each in owners}
    there = set(folder.rglob("*.json"))
    if missing := sorted(str(path) for path in (*wanted, *added) if path not in there):
        raise InputError(
            f"{len(missing)} templates of the topology are not there, first {missing[0]}",
            place=Place(str(folder)),
            hint=f"write them: crosswind synth --out {folder}",
        )
    if strange := sorted(str(path) for path in there if path not in wanted and path not in added):
        raise InputError(
            f"{strange[0]} is the template of no stack of the topology",
            place=Place(str(folder)),
            hint="remove it, or give the folder that `crosswind synth --out` has written",
        )
    return (
        tuple(replace(stack, template=_template(path)) for path, stack in wanted.items()),
        tuple(replace(each, policies=_policies(each, path)) for path, each in added.items()),
    )


def _policies(owner: OwnerDocument, path: Path) -> dict[str, Any]:
    """The policy documents in a file of `owners/`."""
    found = _json(path)
    for part in owner.policies:
        if not isinstance(found, dict) or not isinstance(found.get(part), dict):
            raise InputError(f"no `{part}`: a policy document is wanted", place=Place(str(path)), hint="mend it there")
    return {part: found[part] for part in owner.policies}


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise InputError(f"not JSON: {error}", place=Place(str(path), line), hint="mend it there") from error


def _template(path: Path) -> dict[str, Any]:
    found = _json(path)
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise InputError(
            "no template: a mapping with `Resources` is wanted", place=Place(str(path)), hint="mend it there"
        )
    return found

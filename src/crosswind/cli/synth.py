"""`crosswind synth`: print or write the CloudFormation templates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import FileOption, Output, OutputOption
from crosswind.errors import CrosswindError, TopologyError, UsageError
from crosswind.topology import Declared, check, read

if TYPE_CHECKING:
    from crosswind.report.rights import Right
    from crosswind.synth import OwnerDocument, Stack

__all__ = ["synth"]


def _roles(context: typer.Context, incomplete: str) -> list[str]:
    """The names that a half-typed role may become; none where the topology has faults, which the verb itself tells."""
    from crosswind.report.rights import role_names

    try:
        topology, root = wire.topology(Path(context.params.get("file") or "crosswind.yaml"))
        names = role_names(topology, wire.every_stack(topology, root))
    except (CrosswindError, OSError):
        return []
    return [each for each in names if each.startswith(incomplete)]


def synth(
    file: FileOption = Path("crosswind.yaml"),
    out: Annotated[Path | None, typer.Option(help="Write <account>/<region>/<stack>.json below this.")] = None,
    explain: Annotated[
        str,
        typer.Option(
            metavar="ROLE",
            autocompletion=_roles,
            help="Tell what needs each statement of a role: its name or ARN, a job, a site, or hub.",
        ),
    ] = "",
    output: OutputOption = Output.text,
) -> None:
    """Make the CloudFormation templates from the topology file."""
    console = Console(as_json=output is Output.json)
    if explain:
        if out is not None:
            raise UsageError("--out writes templates, and --explain writes none", hint="give one of the two")
        _explain(console, file, explain)
        return
    from crosswind.synth import owner_documents

    topology, root = wire.topology(file)
    stacks = wire.every_stack(topology, root)
    owners = owner_documents(topology)
    if console.as_json:
        console.data(
            {
                "schema_version": 1,
                "stacks": [
                    {"name": s.name, "account": s.account, "region": s.region, "template": s.template} for s in stacks
                ],
                "owners": [each.as_dict() for each in owners],
            }
        )
    else:
        _show(console, topology.name, stacks, owners)
    if out is None:
        console.note(f"next: crosswind synth -f {file} --out templates, or crosswind deploy --local -f {file}")
        return
    for stack in stacks:
        path = out / stack.account / stack.region / f"{stack.name}.json"
        _write(path, stack.template)
        console.note(f"wrote {path}")
    for each in owners:
        _write(out / each.file, each.as_dict())
        console.note(f"wrote {out / each.file}: for the owner of {each.arn} to add")


def _show(console: Console, name: str, stacks: Sequence[Stack], owners: Sequence[OwnerDocument]) -> None:
    """Print what there is to deploy, and what others must add."""
    console.table(
        f"topology {name}: {len(stacks)} stacks",
        ("stack", "kind", "account", "region", "resources"),
        [(s.name, s.kind, s.account, s.region, str(len(s.template["Resources"]))) for s in stacks],
    )
    if owners:
        console.table(
            f"{len(owners)} resources are there already: their owners must add what --out writes below owners/",
            ("kind", "name", "account", "statements to add"),
            [(each.kind, each.name, each.account, str(each.count)) for each in owners],
        )


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def _explain(console: Console, file: Path, name: str) -> None:
    """Print the statements of the roles of a name, each with what needs it."""
    from crosswind.report.rights import named, rights
    from crosswind.report.rights_text import head, headline

    declared = _sound(file)
    topology = declared.topology
    stacks = wire.every_stack(topology, declared.root)
    roles = named(rights(topology, declared.places, stacks), name, topology)
    if console.as_json:
        console.data({"schema_version": 1, "topology": topology.name, "roles": [each.as_dict() for each in roles]})
        return
    for role in roles:
        console.line(headline(role), style="bold")
        for line in head(role, console.width):
            console.line(line)
        _statements(console, role.rights)
        if role.boundary:
            console.line()
            console.line("boundary: it grants nothing; the role may never do more than this")
            _statements(console, role.boundary)
        console.line()


def _statements(console: Console, rights: Iterable[Right]) -> None:
    from crosswind.report.rights_text import lines

    for right in rights:
        console.line()
        title, *rest = lines(right, console.width)
        console.line(title, style="bold")
        for line in rest:
            console.line(line)


def _sound(file: Path) -> Declared:
    """The topology of a file with the lines of it."""
    declared = read(file)
    faults = check(declared.topology, declared.places, declared.root)
    if faults:
        raise TopologyError.of(faults)
    return declared

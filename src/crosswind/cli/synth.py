"""`crosswind synth`: print or write the CloudFormation templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import FileOption, Output, OutputOption

__all__ = ["synth"]


def synth(
    file: FileOption = Path("crosswind.yaml"),
    out: Annotated[Path | None, typer.Option(help="Write <account>/<region>/<stack>.json below this.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Make the CloudFormation templates from the topology file."""
    console = Console(as_json=output is Output.json)
    topology, root = wire.topology(file)
    stacks = (*wire.stacks(topology, root), *wire.deployer_stacks(topology))
    if console.as_json:
        console.data(
            {
                "schema_version": 1,
                "stacks": [
                    {"name": s.name, "account": s.account, "region": s.region, "template": s.template} for s in stacks
                ],
            }
        )
    else:
        console.table(
            f"topology {topology.name}: {len(stacks)} stacks",
            ("stack", "kind", "account", "region", "resources"),
            [(s.name, s.kind, s.account, s.region, str(len(s.template["Resources"]))) for s in stacks],
        )
    if out is None:
        console.note(f"next: crosswind synth -f {file} --out templates, or crosswind deploy --local -f {file}")
        return
    for stack in stacks:
        path = out / stack.account / stack.region / f"{stack.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(stack.template, indent=2, sort_keys=True) + "\n")
        console.note(f"wrote {path}")

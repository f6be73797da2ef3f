"""`crosswind validate`: read the topology file and check it; nothing is called or changed."""

from __future__ import annotations

from pathlib import Path

from crosswind.cli import wire
from crosswind.cli.console import Console
from crosswind.cli.options import FileOption, Output, OutputOption

__all__ = ["validate"]


def validate(file: FileOption = Path("crosswind.yaml"), output: OutputOption = Output.text) -> None:
    """Check the topology file: keys, names, rules, and that the files it names exist."""
    console = Console(as_json=output is Output.json)
    topology, _ = wire.topology(file)
    if console.as_json:
        console.data(
            {
                "schema_version": 1,
                "topology": topology.name,
                "accounts": len(topology.accounts),
                "sites": sorted(topology.sites),
                "jobs": sorted(topology.jobs),
                "pipelines": sorted(topology.pipelines),
            }
        )
        return
    console.line(
        f"{file}: topology {topology.name} is valid: {len(topology.accounts)} accounts,"
        f" {len(topology.sites)} sites, {len(topology.buckets)} buckets, {len(topology.jobs)} jobs,"
        f" {len(topology.pipelines)} pipelines"
    )
    console.note(f"next: crosswind synth -f {file}")

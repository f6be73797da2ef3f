"""How long a topology takes from its file to templates, and how large these are.

The example, generated ones of 10 and 100 accounts, and one of 1,000 pipelines over 50 accounts and 4 Regions, whose
sites and hub are divided into several stacks: a template given in the call itself may have 51,200 bytes and 500
resources.

Usage: python benchmarks/synth.py [RUNS]        (default: 3)
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import yaml
from prove import generate as pipelines

from crosswind.cli import wire
from crosswind.synth import compact


def main(runs: int) -> None:
    """Measure each topology, and print a table."""
    print(f"load and synth, median of {runs}, seconds (load average now {os.getloadavg()[0]:.1f})")
    print(
        f"{'topology':16}{'load':>8}{'synth':>8}{'stacks':>8}{'divided':>9}{'resources':>11}"
        f"{'largest, bytes':>16}{'resources':>11}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, file in (
            ("example", wire.example()),
            *((f"{n} accounts", generate(Path(folder), n)) for n in (10, 100)),
            ("1,000 pipelines", pipelines(Path(folder), 1000)),
        ):
            measure(name, file, runs)


def measure(name: str, file: Path, runs: int) -> None:
    """Print a topology's row."""
    loads, synths = [], []
    for _ in range(runs):
        began = time.perf_counter()
        topology, root = wire.topology(file)
        loaded = time.perf_counter()
        stacks = wire.every_stack(topology, root)
        loads.append(loaded - began)
        synths.append(time.perf_counter() - loaded)
    counts = [len(stack.template["Resources"]) for stack in stacks]
    sizes = [len(compact(stack.template, name=stack.name).encode()) for stack in stacks]
    divided = sum(stack.part in ("jobs", "connections") or "-rights-" in stack.name for stack in stacks)
    load, synth = statistics.median(loads), statistics.median(synths)
    print(f"{name:16}{load:8.3f}{synth:8.3f}{len(stacks):8}{divided:9}{sum(counts):11}{max(sizes):16,}{max(counts):11}")


def generate(folder: Path, accounts: int) -> Path:
    """A hub and other accounts, each with a bucket and a Glue job; every other bucket replicates to the next."""
    root = folder / str(accounts)
    for path in ("dags/line.py", "jobs/clean.py", "requirements.txt"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    sites = [f"site{number}" for number in range(1, accounts)]
    buckets = [site.replace("site", "bucket") for site in sites]
    document = {
        "version": 1,
        "name": "generated",
        "external_id": "generated-hub",
        "accounts": {"hub": {"id": "1" * 12}} | {site: {"id": f"2{i:011}"} for i, site in enumerate(sites)},
        "hub": {"account": "hub", "region": "us-east-1"},
        "sites": {site: {"account": site, "region": "us-east-1", "connection": f"conn_{site}"} for site in sites},
        "buckets": {
            b: {"site": s, "folders": ["raw", "clean", "scripts"]} for b, s in zip(buckets, sites, strict=True)
        },
        "replications": {
            f"to_{second}": {"from": first, "to": second, "folder": "clean"}
            for first, second in zip(buckets[::2], buckets[1::2], strict=False)
        },
        "jobs": {
            f"clean_{site}": {
                "type": "glue",
                "site": site,
                "script": "jobs/clean.py",
                "scripts": f"{bucket}/scripts",
                "reads": [f"{bucket}/raw"],
                "writes": [f"{bucket}/clean"],
            }
            for site, bucket in zip(sites, buckets, strict=True)
        },
        "pipelines": {"line": {"dag": "dags/line.py", "steps": [{"run": f"clean_{site}"} for site in sites]}},
    }
    file = root / "crosswind.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

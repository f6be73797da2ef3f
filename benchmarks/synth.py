"""How long a topology takes from its file to templates: the example, and generated ones of 10 and 100 accounts.

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

from crosswind.cli import wire


def main(runs: int) -> None:
    """Measure each topology, and print a table."""
    print(f"load and synth, median of {runs}, seconds (load average now {os.getloadavg()[0]:.1f})")
    print(f"{'topology':14}{'load':>8}{'synth':>8}{'stacks':>8}{'resources':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for name, file in (
            ("example", wire.example()),
            *((f"{n} accounts", generate(Path(folder), n)) for n in (10, 100)),
        ):
            measure(name, file, runs)


def measure(name: str, file: Path, runs: int) -> None:
    """Print a topology's row."""
    loads, synths = [], []
    for _ in range(runs):
        began = time.perf_counter()
        topology, root = wire.topology(file)
        loaded = time.perf_counter()
        stacks = wire.stacks(topology, root)
        loads.append(loaded - began)
        synths.append(time.perf_counter() - loaded)
    resources = sum(len(stack.template["Resources"]) for stack in stacks)
    load, synth = statistics.median(loads), statistics.median(synths)
    print(f"{name:14}{load:8.3f}{synth:8.3f}{len(stacks):8}{resources:11}")


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

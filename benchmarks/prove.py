"""How long `crosswind prove` takes: generated topologies, growing to 1,000 pipelines over 50 accounts and 4 Regions.

Usage: python benchmarks/prove.py [PIPELINES ...]       (default: 10 30 100 300 1000)

One core. The growth is the power of the number of pipelines by which the time of a proof grows from row to row.
"""

from __future__ import annotations

import math
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import yaml

from crosswind.cli import wire
from crosswind.prove import prove
from crosswind.topology import check, read

ACCOUNTS, REGIONS = 50, ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")
PIPELINES = (10, 30, 100, 300, 1000)


def main(sizes: list[int]) -> None:
    """Measure each size, and print a table."""
    print(f"load, synth and prove, seconds of one core (load average now {os.getloadavg()[0]:.1f})")
    print(
        f"{'pipelines':>10}{'accounts':>10}{'sites':>7}{'load':>8}{'synth':>8}{'prove':>8}{'growth':>8}"
        f"{'flows':>9}{'asked':>9}{'refused':>9}{'texts':>9}{'MB':>7}"
    )
    before: tuple[int, float] | None = None
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            seconds = measure(generate(Path(folder), size), size, before)
            before = (size, seconds)


def measure(file: Path, size: int, before: tuple[int, float] | None) -> float:
    """Print a topology's row; the seconds of its proof."""
    began = time.process_time()
    declared = read(file)
    faults = check(declared.topology, declared.places, declared.root)
    assert not faults, faults[:3]
    loaded = time.process_time()
    topology = declared.topology
    stacks = wire.every_stack(topology, declared.root)
    made = time.process_time()
    proof = prove(topology, declared.places, stacks)
    proven = time.process_time()
    growth = "" if before is None else f"{math.log((proven - made) / before[1]) / math.log(size / before[0]):.2f}"
    counts = proof.counts
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{size:10}{len(topology.accounts):10}{len(topology.sites):7}{loaded - began:8.2f}{made - loaded:8.2f}"
        f"{proven - made:8.2f}{growth:>8}{counts['flows']:9}{counts['questions']:9}{counts['refusals']:9}"
        f"{counts['elements']:9}{memory:7}"
    )
    print(
        f"  {len(proof.findings)} findings",
        *(f"{each.kind.value}: {each.says}" for each in proof.findings[:3]),
        sep="\n  ",
    )
    return proven - made


def generate(folder: Path, pipelines: int) -> Path:
    """A hub and up to 49 accounts with sites in up to four Regions each; a pipeline has its own folders and jobs.

    A pipeline cleans data by a Glue job at one site; where the next site is another one, S3 replicates it there, and a
    function there weighs it.
    """
    root = folder / str(pipelines)
    for path in ("jobs/clean.py", "jobs/weigh.py", "requirements.txt"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("def handler(event, context):\n    return event\n")
    (root / "dags").mkdir()
    places = [(account, region) for region in REGIONS for account in range(ACCOUNTS - 1)]
    places = places[: max(2, min(len(places), pipelines // 5))]
    sites = {f"a{account}-{region}": (f"a{account}", region) for account, region in places}
    names = list(sites)
    folders: dict[str, list[str]] = {name: ["scripts"] for name in names}
    jobs, replications, declared = {}, {}, {}
    for number in range(pipelines):
        here, there = names[number % len(names)], names[(number + 1) % len(names)]
        raw, clean = f"raw{number}", f"clean{number}"
        folders[here] += [raw, clean]
        folders[there] += [clean, f"results{number}"]
        jobs[f"clean{number}"] = {
            "type": "glue",
            "site": here,
            "script": "jobs/clean.py",
            "scripts": f"b-{here}/scripts",
            "reads": [f"b-{here}/{raw}"],
            "writes": [f"b-{here}/{clean}"],
        }
        jobs[f"weigh{number}"] = {
            "type": "lambda",
            "site": there,
            "source": "jobs/weigh.py",
            "reads": [f"b-{there}/{clean}"],
            "results": f"b-{there}/results{number}",
        }
        replications[f"move{number}"] = {"from": f"b-{here}", "to": f"b-{there}", "folder": clean}
        (root / f"dags/p{number}.py").touch()
        declared[f"p{number}"] = {
            "dag": f"dags/p{number}.py",
            "steps": [
                {"wait": f"b-{here}/{raw}/data.csv"},
                {"run": f"clean{number}"},
                {"wait": f"b-{there}/{clean}", "task": "arrive"},
                {"run": f"weigh{number}"},
            ],
        }
    accounts = {account: {"id": f"2{int(account[1:]):011}"} for account, _ in sites.values()}
    document = {
        "version": 1,
        "name": "generated",
        "external_id": "generated-hub",
        "accounts": {"hub": {"id": "1" * 12}, **accounts},
        "hub": {"account": "hub", "region": REGIONS[0]},
        "sites": {
            name: {"account": account, "region": region, "connection": f"conn-{name}"}
            for name, (account, region) in sites.items()
        },
        "buckets": {f"b-{name}": {"site": name, "folders": found} for name, found in folders.items()},
        "replications": replications,
        "jobs": jobs,
        "pipelines": declared,
    }
    file = root / "crosswind.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or list(PIPELINES))

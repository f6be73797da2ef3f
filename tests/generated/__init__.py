"""Topologies of any size: every kind of job, mover and key, over any number of accounts and Regions; deterministic.

`declared` gives the document of one, `written` a folder with its topology file and all files that it names. The same
size and seed give the same topology, whatever machine they are made on.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crosswind.topology import Topology

__all__ = ["Size", "declared", "topology", "written"]

REGIONS = {
    "aws": ("us-east-1", "eu-west-1", "us-west-2", "eu-central-1", "ap-southeast-2", "ca-central-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}
FOLDERS = ("raw", "clean", "scripts", "config", "models", "results", "taken")


@dataclass(frozen=True)
class Size:
    """How large a topology is to be.

    Attributes:
        accounts: with work; the hub has one of its own beside them.
        regions: in use, 1 to 6; each account has a site in every one. China and GovCloud have but two.
        pipelines: three kinds by turns: Glue cleans, SageMaker trains on what another site hands over, Lambda sweeps.
            Some clean by a Python shell job, and some look at the data by a processing job before they train.
    """

    accounts: int
    regions: int
    pipelines: int


def topology(size: Size, seed: int = 0, roles: str = "", partition: str = "aws") -> Topology:
    """The models of a topology, not held against the rules that need its files."""
    return Topology.model_validate_json(json.dumps(declared(size, seed, roles, partition)))


def written(folder: Path, size: Size, seed: int = 0, roles: str = "", partition: str = "aws") -> Path:
    """A topology's file, with every file that it names beside it; returns its path."""
    document = declared(size, seed, roles, partition)
    jobs = document["jobs"].values()
    texts = {job[key]: text for job in jobs for key, text in _TEXTS.items() if key in job}
    for name in ("requirements.txt", *(each["dag"] for each in document["pipelines"].values())):
        texts[name] = ""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    file = folder / "crosswind.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


_TEXTS = {
    "script": "print('cleaned')\n",
    "config": '{"OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"}}\n',
    "source": "def handler(event, context):\n    return {}\n",
}


def declared(size: Size, seed: int = 0, roles: str = "", partition: str = "aws") -> dict[str, Any]:
    """The document of a topology, as YAML would hold it."""
    chance = random.Random(f"{size} {seed}")
    regions = REGIONS[partition][: size.regions]
    sites = {
        f"s{account:03}-{number}": {
            "account": f"a{account:03}",
            "region": region,
            "connection": f"c{account:03}_{number}",
        }
        for account in range(size.accounts)
        for number, region in enumerate(regions)
    }
    document: dict[str, Any] = {
        "version": 1,
        "name": f"gen{seed}" if seed else "gen",
        "partition": partition,
        "external_id": "gen-hub",
        "roles": roles or chance.choice(["site", "pipeline", "single"]),
        "accounts": {"hub": {"id": "1" * 12}} | {f"a{n:03}": {"id": f"2{n:011}"} for n in range(size.accounts)},
        "hub": {"account": "hub", "region": chance.choice(regions)},
        "sites": sites,
        "buckets": {_bucket(site): _declared_bucket(site, chance) for site in sites},
        "replications": {},
        "jobs": {},
        "pipelines": {},
    }
    for number in range(size.pipelines):
        _add_pipeline(document, list(sites), number, chance)
    return document


def _bucket(site: str) -> str:
    return f"b{site[1:]}"


def _declared_bucket(site: str, chance: random.Random) -> dict[str, Any]:
    key = {"encryption": "customer-key"} if chance.random() < 0.3 else {}
    return {"site": site, "folders": list(FOLDERS), **key}


def _add_pipeline(document: dict[str, Any], sites: list[str], number: int, chance: random.Random) -> None:
    # Every other site cleans and hands over, the rest train: what was replicated is not replicated on.
    cleaning, training = sites[::2], sites[1::2] or sites
    among = (cleaning, training, sites)[number % 3]
    name, site = f"p{number:04}", among[number // 3 % len(among)]
    bucket = _bucket(site)
    if number % 3 == 0:
        job = f"clean_{name}"
        kind = chance.choice(["glue", "glue", "glue_python_shell"])
        document["jobs"][job] = _job(kind, site, script="jobs/clean.py", scripts=f"{bucket}/scripts") | {
            "reads": [f"{bucket}/raw"],
            "writes": [f"{bucket}/clean"],
        }
        steps = [{"wait": f"{bucket}/raw/data.csv", "task": f"wait_{name}"}, {"run": job}]
    elif number % 3 == 1:
        steps = _training(document, cleaning, name, site, chance)
    else:
        job = f"sweep_{name}"
        document["jobs"][job] = _job("lambda", site, source="jobs/sweep.py", deletes=[f"{bucket}/taken"])
        if chance.random() < 0.5:
            document["jobs"][job]["results"] = f"{bucket}/results"
        steps = [{"run": job}]
    document["pipelines"][name] = {"dag": f"dags/{name}.py", "steps": steps}


def _training(
    document: dict[str, Any], cleaning: list[str], name: str, site: str, chance: random.Random
) -> list[dict[str, str]]:
    """A job that trains on what another site has cleaned; into a folder of a bucket there is one replication."""
    bucket, job, buckets = _bucket(site), f"train_{name}", document["buckets"]
    source = _bucket(cleaning[int(name[1:]) // 3 % len(cleaning)])
    folder, steps = "raw", []
    alike = buckets[source].get("encryption") == buckets[bucket].get("encryption")
    if source != bucket and alike and all(each["to"] != bucket for each in document["replications"].values()):
        how = chance.choice([{}, {"failure_events": True}, {"mover": "crr-rtc"}, {"mover": "copy"}, {"repair": True}])
        moved = {"from": source, "to": bucket, "folder": "clean", **how}
        document["replications"][f"{source}_to_{bucket}"] = moved
        folder, steps = "clean", [{"wait": f"{bucket}/clean", "task": f"wait_{name}"}]
    document["jobs"][job] = _job("sagemaker", site, config="jobs/train.json", configs=f"{bucket}/config") | {
        "reads": [f"{bucket}/{folder}"],
        "writes": [f"{bucket}/models"],
    }
    if chance.random() < 0.3:
        look = f"look_{name}"
        document["jobs"][look] = _job("sagemaker_processing", site, config="jobs/look.json", configs=f"{bucket}/config")
        document["jobs"][look] |= {"script": "jobs/look.py", "scripts": f"{bucket}/scripts"}
        document["jobs"][look] |= {"reads": [f"{bucket}/{folder}"], "writes": [f"{bucket}/results"]}
        steps = [*steps, {"run": look}]
    return [*steps, {"run": job, "task": f"train_{name}"}]


def _job(kind: str, site: str, **keys: Any) -> dict[str, Any]:
    return {"type": kind, "site": site, **keys}

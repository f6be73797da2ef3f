"""Topologies to draw, of any shape. They hold the rules that a drawing rests on: what is named is declared."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

from crosswind.topology import Topology

__all__ = ["topologies"]

REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2")
_LETTERS = string.ascii_letters
_NAMES = st.builds(str.__add__, st.sampled_from(_LETTERS), st.text(f"{_LETTERS}{string.digits}_-", max_size=62))


def _named(least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(_NAMES, min_size=least, max_size=most, unique=True)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """A topology."""
    accounts = draw(_named(1, 7))
    sites = draw(_named(1, 9))
    buckets, jobs, pipelines = draw(_named(0, 7)), draw(_named(0, 7)), draw(_named(0, 5))
    made: dict[str, Any] = {
        "version": 1,
        "name": "drawn",
        "external_id": "drawn-hub",
        "roles": draw(st.sampled_from(("single", "site"))),
        "accounts": {name: {"id": f"{number:012d}"} for number, name in enumerate(accounts)},
        "hub": {"account": draw(st.sampled_from(accounts)), "region": draw(st.sampled_from(REGIONS))},
        "sites": {
            name: {
                "account": draw(st.sampled_from(accounts)),
                "region": draw(st.sampled_from(REGIONS)),
                "connection": f"connection_{number}",
            }
            for number, name in enumerate(sites)
        },
        "buckets": {
            name: {
                "site": draw(st.sampled_from(sites)),
                "folders": draw(_named(1, 3)),
                "encryption": draw(st.sampled_from(("s3", "customer-key"))),
            }
            for name in buckets
        },
    }
    made["jobs"] = {name: _job(draw, sites, made["buckets"]) for name in jobs}
    made["replications"] = _replications(draw, made["buckets"])
    made["pipelines"] = {
        name: {
            "dag": f"dags/{number}.py",
            "after": draw(st.sampled_from([None, *pipelines[:number]])),
            "steps": [{"run": job} for job in jobs[:2]],
        }
        for number, name in enumerate(pipelines)
    }
    return Topology.model_validate(made, strict=False)


def _job(draw: st.DrawFn, sites: list[str], buckets: dict[str, Any]) -> dict[str, Any]:
    site = draw(st.sampled_from(sites))
    folders = [f"{name}/{folder}" for name, bucket in buckets.items() for folder in bucket["folders"]]
    reads = draw(st.lists(st.sampled_from(folders), max_size=3)) if folders else []
    common = {"site": site, "reads": reads}
    kinds = [{"type": "lambda", "source": "job.py"}]
    if folders:
        placed = {"script": "job.py", "scripts": folders[0]}
        configured = {"config": "job.json", "configs": folders[0]}
        kinds += [
            {"type": "glue", **placed},
            {"type": "glue_python_shell", **placed},
            {"type": "sagemaker", **configured},
        ]
        kinds += [{"type": "sagemaker_processing", **placed, **configured}]
    return draw(st.sampled_from(kinds)) | common


def _replications(draw: st.DrawFn, buckets: dict[str, Any]) -> dict[str, Any]:
    """Replications of any mover; the folder is at both ends, since it is put there."""
    found: dict[str, Any] = {}
    for number in range(draw(st.integers(0, 10)) if buckets else 0):
        source, target = draw(st.sampled_from(sorted(buckets))), draw(st.sampled_from(sorted(buckets)))
        mover = draw(st.sampled_from(("crr", "crr-rtc", "copy", "in-place")))
        folder = buckets[source]["folders"][0]
        if mover == "in-place":
            found[f"move{number}"] = {"from": source, "folder": folder, "mover": mover}
        elif buckets[source]["site"] != buckets[target]["site"]:
            if folder not in buckets[target]["folders"]:
                buckets[target]["folders"].append(folder)
            found[f"move{number}"] = {"from": source, "to": target, "folder": folder, "mover": mover}
    return found

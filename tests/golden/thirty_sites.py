"""A topology of 30 sites, as a company has it: regional edges feed a lake, the lake feeds teams, teams share models."""

from __future__ import annotations

import json
from typing import Any

from crosswind.topology import Topology

__all__ = ["thirty_sites"]

_REGIONS = ("us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-2", "ap-northeast-1")
_TEAMS = ("pricing", "forecasting", "customer_insights", "fraud_detection", "supply_chain", "search", "marketing")


def thirty_sites() -> Topology:
    """The topology: 6 edges, 3 lakes, 7 teams with 3 sites each; 10 accounts besides the hub's."""
    made: dict[str, Any] = {
        "version": 1,
        "name": "thirty-sites",
        "external_id": "thirty-sites-hub",
        "roles": "single",
        "accounts": {name: {"id": f"{number:012d}"} for number, name in enumerate(_accounts(), 100000000001)},
        "hub": {"account": "hub", "region": "eu-central-1"},
        **{group: {} for group in ("sites", "buckets", "replications", "jobs", "pipelines")},
    }
    _edges(made)
    _lakes(made)
    for number, team in enumerate(_TEAMS):
        _team(made, number, team)
    return Topology.model_validate_json(json.dumps(made))


def _accounts() -> tuple[str, ...]:
    return ("hub", "edge_west", "edge_east", "lake", *_TEAMS)


def _site(made: dict[str, Any], name: str, account: str, region: str) -> None:
    made["sites"][name] = {"account": account, "region": region, "connection": f"conn_{name}"}


def _pipeline(made: dict[str, Any], name: str, *jobs: str, after: str | None = None) -> None:
    steps = [{"run": job} for job in jobs]
    made["pipelines"][name] = {"dag": f"dags/{name}.py", "steps": steps, **({"after": after} if after else {})}


def _edges(made: dict[str, Any]) -> None:
    """Six sites that collect, in two accounts."""
    for number, region in enumerate(_REGIONS):
        site = f"edge_{region.replace('-', '_')}"
        _site(made, site, "edge_west" if number in (1, 3, 4) else "edge_east", region)
        made["buckets"][f"{site}_events"] = {"site": site, "folders": ["raw", "scripts"]}
        made["jobs"][f"collect_{region.replace('-', '_')}"] = {
            "type": "glue_python_shell",
            "site": site,
            "script": "jobs/collect.py",
            "scripts": f"{site}_events/scripts",
            "writes": [f"{site}_events/raw"],
        }
        made["replications"][f"{site}_to_lake"] = {
            "from": f"{site}_events",
            "to": f"lake_raw_{('us', 'us', 'eu', 'eu', 'ap', 'ap')[number]}",
            "folder": "raw",
        }
    _pipeline(made, "collecting", *made["jobs"])


def _lakes(made: dict[str, Any]) -> None:
    """The lake, a site on each continent; what is clean in Europe goes to the others as well."""
    for zone, region in (("us", "us-east-1"), ("eu", "eu-central-1"), ("ap", "ap-southeast-2")):
        site = f"lake_{zone}"
        _site(made, site, "lake", region)
        made["buckets"][f"lake_raw_{zone}"] = {
            "site": site,
            "folders": ["raw", "scripts"],
            "encryption": "customer-key",
        }
        made["buckets"][f"lake_clean_{zone}"] = {"site": site, "folders": ["orders", "visits", "stock"]}
        made["jobs"][f"clean_{zone}"] = {
            "type": "glue",
            "site": site,
            "script": "jobs/clean.py",
            "scripts": f"lake_raw_{zone}/scripts",
            "reads": [f"lake_raw_{zone}/raw"],
            "writes": [f"lake_clean_{zone}/{folder}" for folder in ("orders", "visits", "stock")],
        }
    for zone in ("us", "ap"):
        made["replications"][f"orders_to_{zone}"] = {
            "from": "lake_clean_eu",
            "to": f"lake_clean_{zone}",
            "folder": "orders",
            "mover": "crr-rtc",
        }
    _pipeline(made, "cleaning", "clean_us", "clean_eu", "clean_ap", after="collecting")


def _team(made: dict[str, Any], number: int, team: str) -> None:
    """A team: features are made in one Region, models in a second, answers are given in a third."""
    zone = ("us", "eu", "ap")[number % 3]
    folder = ("orders", "visits", "stock")[number % 3]
    for offset, part in enumerate(("features", "training", "serving")):
        _site(made, f"{team}_{part}", team, _REGIONS[(number + 2 * offset) % len(_REGIONS)])
    made["buckets"][f"{team}_features"] = {"site": f"{team}_features", "folders": [folder, "features", "config"]}
    made["buckets"][f"{team}_models"] = {"site": f"{team}_training", "folders": ["features", "config", "models"]}
    made["buckets"][f"{team}_serving"] = {"site": f"{team}_serving", "folders": ["models", "answers"]}
    made["replications"][f"{team}_{folder}"] = {
        "from": f"lake_clean_{zone}",
        "to": f"{team}_features",
        "folder": folder,
        "mover": "copy" if number % 2 else "crr",
    }
    for source, target, moved in (("features", "models", "features"), ("models", "serving", "models")):
        made["replications"][f"{team}_{moved}"] = {
            "from": f"{team}_{source}",
            "to": f"{team}_{target}",
            "folder": moved,
        }
    made["jobs"][f"{team}_make_features"] = {
        "type": "sagemaker_processing",
        "site": f"{team}_features",
        "config": "jobs/features.json",
        "configs": f"{team}_features/config",
        "script": "jobs/features.py",
        "scripts": f"{team}_features/config",
        "reads": [f"{team}_features/{folder}"],
        "writes": [f"{team}_features/features"],
    }
    made["jobs"][f"{team}_train"] = {
        "type": "sagemaker",
        "site": f"{team}_training",
        "config": "jobs/train.json",
        "configs": f"{team}_models/config",
        "reads": [f"{team}_models/features"],
        "writes": [f"{team}_models/models"],
    }
    made["jobs"][f"{team}_answer"] = {
        "type": "lambda",
        "site": f"{team}_serving",
        "source": "jobs/answer.py",
        "reads": [f"{team}_serving/models"],
        "writes": [f"{team}_serving/answers"],
    }
    _pipeline(made, team, f"{team}_make_features", f"{team}_train", f"{team}_answer", after="cleaning")

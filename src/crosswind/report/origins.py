"""Where a document comes from: the place in a synthesized template, and the line of the topology that asks for it.

Pure: a topology, the lines of its file and its stacks go in; nothing is read or called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswind.errors import Place
from crosswind.iam.decision import Layer
from crosswind.iam.explanation import Document, Explanation
from crosswind.report.template_paths import path_of
from crosswind.synth import Actor, Grant, Stack, actors, grants
from crosswind.topology import Names, Topology
from crosswind.topology.places import Loc, Places

__all__ = ["Origin", "Origins"]

_KEPT = 3
# How a statement's Sid begins, and the verbs of the grants behind it.
_VERBS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ListVersions", ("trace",)),
    ("ListUploads", ("carry",)),
    ("List", ("read", "write", "delete", "claim", "find")),
    ("Read", ("read", "write", "copy")),
    ("WriteReplicas", ("copy",)),
    ("Write", ("write",)),
    ("Delete", ("delete", "write")),
    ("Find", ("read", "write")),
    ("Mark", ("write",)),
    ("Pin", ("pin",)),
    ("Publish", ("publish",)),
    ("Open", ("open",)),
    ("Load", ("load",)),
    ("Vet", ("vet",)),
    ("Record", ("record",)),
    ("Claim", ("claim",)),
    ("Answer", ("answer",)),
    ("Inspect", ("inspect",)),
    ("Receive", ("inspect",)),
    ("Fetch", ("fetch",)),
    ("Carry", ("carry",)),
    ("Run", ("start",)),
    ("Reap", ("reap",)),
    ("Invoke", ("start",)),
    ("Pass", ("start",)),
)
_ACTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("s3:GetObjectVersion", ("pin", "fetch", "copy")),
    ("s3:GetReplication", ("inspect", "copy")),
    ("s3:GetBucketVersioning", ("inspect",)),
    ("s3:Get", ("read", "copy", "load", "open", "vet")),
    ("s3:ListBucketVersions", ("trace",)),
    ("s3:List", ("read", "write", "delete", "claim", "find")),
    ("s3:Put", ("write", "publish", "claim", "record", "carry", "answer")),
    ("s3:Replicate", ("copy",)),
    ("s3:Delete", ("delete", "write")),
    ("s3:AbortMultipartUpload", ("write", "carry")),
    ("sqs:", ("inspect",)),
    ("glue:", ("start",)),
    ("sagemaker:", ("start",)),
    ("lambda:", ("start",)),
    ("iam:PassRole", ("start",)),
)


@dataclass(frozen=True)
class Origin:
    """Where a document, or a statement of it, comes from.

    Args:
        places: the topology's lines that ask for it, at most three.
        template: the file that `crosswind synth --out` writes, such as `topology-site-ml.json`; empty when the
            document is in no template.
        path: in the template, such as `Resources.Role.Properties.Policies[0].PolicyDocument.Statement[2]`.
    """

    places: tuple[Place, ...]
    template: str = ""
    path: str = ""

    def __str__(self) -> str:
        parts = [", ".join(str(place) for place in self.places)] if self.places else []
        if self.template:
            parts.append(f"{self.template}: {self.path}")
        return "  ->  ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as JSON takes it."""
        return {
            "topology": [{"file": each.file, "line": each.line, "path": each.path} for each in self.places],
            "template": self.template,
            "path": self.path,
        }


class Origins:
    """Finds origins in one topology.

    Args:
        topology: the declared topology.
        places: the lines of its file.
        stacks: as `synth` makes them from it.
    """

    def __init__(self, topology: Topology, places: Places, stacks: Sequence[Stack]) -> None:
        self._topology = topology
        self._places = places
        self._stacks = stacks
        self._names = Names(topology)
        self._grants = grants(topology)
        self._actors = actors(topology, self._grants)

    def of(self, explanation: Explanation) -> tuple[Origin, ...]:
        """The origin of each document that an explanation says to edit; none for what the topology did not make."""
        found = (self._of(each, explanation) for each in explanation.documents)
        return tuple(dict.fromkeys(each for each in found if each is not None))

    def _of(self, document: Document, explanation: Explanation) -> Origin | None:
        located = self._template(document)
        locs = tuple(dict.fromkeys(self._locs(document, explanation)))[:_KEPT]
        if located is None:
            return None
        return Origin(tuple(self._places.of(*loc) for loc in locs), *located)

    def _template(self, document: Document) -> tuple[str, str] | None:
        """The template's file and the path in it."""
        for stack in self._stacks:
            if stack.account != document.account:
                continue
            resources: Mapping[str, Any] = stack.template["Resources"]
            path = path_of(document, resources, stack.region)
            if path:
                return f"{stack.name}.json", path
        return None

    def _locs(self, document: Document, explanation: Explanation) -> Iterator[Loc]:
        """The key paths that ask for a document."""
        if document.kind == "bucket":
            yield from self._of_bucket(document)
        elif document.kind == "role":
            yield from self._of_role(document, explanation)
        elif document.kind == "key":
            region = document.name.split(":", 4)[3] if document.name.startswith("arn:") else ""
            sites = {loc[1] for loc in self._sites(document.account, region)}
            declared = sorted(self._topology.buckets.items())
            yield from (
                ("buckets", name, "encryption") for name, each in declared if each.has_key and each.site in sites
            )

    def _of_bucket(self, document: Document) -> Iterator[Loc]:
        topology = self._topology
        if document.name == self._names.airflow_bucket:
            yield ("hub", "airflow")
        for bucket in sorted(topology.buckets):
            if self._names.bucket(bucket) != document.name:
                continue
            rules = sorted(topology.replications.items())
            if document.sid.startswith("Replicas"):
                yield from (("replications", name) for name, rule in rules if rule.target == bucket)
            elif document.sid.startswith(("Handovers", "Mover")):
                yield from (("replications", name) for name, rule in rules if rule.source == bucket)
            yield ("buckets", bucket)

    def _of_role(self, document: Document, explanation: Explanation) -> Iterator[Loc]:
        topology, names, role = self._topology, self._names, document.name
        trust = document.layer == Layer.TRUST
        if role == names.role("execution"):
            yield ("hub", "airflow")
        elif actor := next((each for each in self._actors if self._is(each, document)), None):
            yield from self._of_cross_account(actor, document, explanation)
        elif role == names.role("deployer"):
            accounts = sorted(topology.accounts.items())
            yield from (("accounts", name) for name, account in accounts if account.id == document.account)
        for job in sorted(topology.jobs):
            if names.job_role(job) == role and topology.account_of(topology.jobs[job].site) == document.account:
                asked = [] if trust else self._asked(self._grants.of(f"job {job}"), document, explanation)
                yield from asked or [("jobs", job)]
        for name, rule in sorted(topology.replications.items()):
            if names.replication_role(rule.source) == role:
                yield ("replications", name)

    def _is(self, actor: Actor, document: Document) -> bool:
        return (actor.role, self._topology.accounts[actor.account].id) == (document.name, document.account)

    def _of_cross_account(self, actor: Actor, document: Document, explanation: Explanation) -> Iterator[Loc]:
        if document.layer == Layer.TRUST:
            near = explanation.near_miss
            wants_id = near is not None and near.document == document and near.key.lower() == "sts:externalid"
            yield ("external_id",) if wants_id else ("hub", "account")
            return
        yield from self._asked(actor.takes(self._grants), document, explanation) or (("sites", s) for s in actor.sites)

    def _sites(self, account: str, region: str = "") -> Iterator[Loc]:
        for name, site in sorted(self._topology.sites.items()):
            if self._topology.account_of(name) == account and region in ("", site.region):
                yield ("sites", name)

    def _asked(self, mine: Sequence[Grant], document: Document, explanation: Explanation) -> list[Loc]:
        """The lines of the grants behind a statement; of those that would be near, when there is no statement."""
        head, table = (document.sid, _VERBS) if document.sid else (explanation.action, _ACTIONS)
        verbs = next((verbs for begin, verbs in table if head.startswith(begin)), ())
        found = [each for each in mine if each.verb in verbs]
        bucket, key = self._object(explanation.resource)
        if bucket:
            found = [each for each in found if each.what.partition("/")[0] == bucket]
            found = _narrowed(found, lambda each: _holds(each.what.partition("/")[2], key))
        elif "start" in verbs:
            found = _narrowed(found, lambda each: self._starts(each.what, explanation.resource))
        return [_loc(each.why) for each in found]

    def _object(self, arn: str) -> tuple[str, str]:
        """A declared bucket's name, and the key, of an S3 ARN; empty for anything else."""
        if ":s3:::" not in arn:
            return "", ""
        name, _, key = arn.partition(":s3:::")[2].partition("/")
        declared = (each for each in sorted(self._topology.buckets) if self._names.bucket(each) == name)
        return next(declared, name), key

    def _starts(self, job: str, arn: str) -> bool:
        service = self._topology.jobs[job].type.partition("_")[0]
        last = arn.rpartition(":")[2]
        return last.endswith((self._names.job(job), self._names.job_role(job))) or f":{service}:" in arn


def _narrowed(found: list[Grant], holds: Callable[[Grant], bool]) -> list[Grant]:
    """Those for which something holds; all when it holds for none."""
    return [each for each in found if holds(each)] or found


def _holds(folder: str, key: str) -> bool:
    return key == folder or key.startswith(f"{folder}/")


def _loc(why: str) -> Loc:
    """A dotted key path as its parts: `jobs.train.reads[0]`."""
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in re.findall(r"\[\d+\]|[^.\[\]]+", why))

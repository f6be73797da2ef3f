"""Where a model came from, by the record that lies beside it: asked for, and told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from crosswind.airflow.handover.lineage import Lineage, Step, walk
from crosswind.aws import Sessions
from crosswind.errors import InputError
from crosswind.report.jobs import site_clients
from crosswind.report.paragraph import Paragraph
from crosswind.topology import Names, Topology

__all__ = ["lineage_of", "told"]

_SHOWN = 20
"""How many objects of a step are shown; a record may have thousands."""


def lineage_of(topology: Topology, sessions: Sessions, model: str) -> Lineage:
    """Walk back from a model.

    Args:
        topology: whose pipelines made it.
        sessions: makes the clients.
        model: `s3://<bucket>/<...>/model.tar.gz`.

    Raises:
        InputError: the model is in no declared bucket, or is no S3 URI.
        NotFoundError: it has no record.
    """
    names = Names(topology)
    sites = {names.bucket(name): bucket.site for name, bucket in topology.buckets.items()}
    bucket = model.removeprefix("s3://").partition("/")[0]
    if not model.startswith("s3://") or bucket not in sites:
        raise InputError(
            f"{model!r} is in no bucket of the topology; its buckets: {', '.join(sorted(sites))}",
            hint="give s3://<bucket>/<path>/output/model.tar.gz, as the task `train` and the demo's summary print it",
        )
    return walk(site_clients(topology, sessions, sites[bucket]), model)


def told(lineage: Lineage) -> Iterator[Paragraph]:
    """A lineage for people: a paragraph for each step, keys without what they have in common. Pure."""
    yield _paragraph(lineage.steps[0], None)
    for before, step in pairwise(lineage.steps):
        found = _paragraph(step, before)
        yield Paragraph(f"<- {found.headline}", found.facts, found.rows)


def _paragraph(step: Step, before: Step | None) -> Paragraph:
    name, place = _place(step.name)
    doubt = "" if step.exact else f"(not certain: {step.reason or 'it was changed meanwhile'})"
    headline = "  ".join(part for part in (step.kind, name, doubt) if part)
    objects = _objects(step)
    facts = tuple((label, _short(label, value)) for label, value in step.facts if (label, value) not in objects)
    if before and objects and objects == _objects(before):
        return Paragraph(headline, (*place, *facts, ("versions", f"those of the {before.kind}")))
    folder = step.name.removeprefix("s3://").partition("/")[2]
    rows = tuple((version, key.removeprefix(folder)) for key, version in objects[:_SHOWN])
    if more := len(objects) - len(rows):
        facts = (*facts, ("shown", f"{len(rows)} objects; {more} more are in --output json"))
    return Paragraph(headline, (*place, *facts), rows)


def _place(name: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The last word of a URI or ARN, and where that is."""
    if name.startswith("s3://"):
        bucket, _, key = name.removeprefix("s3://").partition("/")
        folder, _, last = key.rpartition("/")
        return last, (("bucket", bucket), ("folder", f"{folder}/"))
    if name.startswith("arn:"):
        _, _, _, region, account, resource = name.split(":", 5)
        return resource.rpartition("/")[2], (("account", account), ("region", region))
    return name, ()


def _objects(step: Step) -> tuple[tuple[str, str], ...]:
    """The facts that are objects: key and version id."""
    return tuple((label, value) for label, value in step.facts if "/" in label)


def _short(label: str, value: str) -> str:
    return f"{float(value):.1f}" if label == "seconds" else value

"""Rules of the AWS names that follow from declared names."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.topology.places import Loc, dotted
from crosswind.topology.view import Faults, View

__all__ = ["role_names_differ"]


def role_names_differ(view: View) -> Faults:
    """Roles of an account differ in more than case.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html ("IAM name requirements").
    """
    first: dict[tuple[str, str], tuple[str, Loc]] = {}
    for account, purpose, loc in _roles(view):
        role = view.names.role(purpose)
        told, where = first.setdefault((account, role.lower()), (role, loc))
        if where != loc:
            alike = "" if told == role else f" (IAM takes {told} for the same)"
            yield view.fault(
                loc,
                f"its role in account {account} would be {role}{alike}, as that of {dotted(where)} is",
                "rename one of the two",
            )


def _roles(view: View) -> Iterator[tuple[str, str, Loc]]:
    """The roles that follow from what is declared: account, purpose, and the key path that asks for them."""
    topology = view.topology
    for site in topology.sites:
        if (account := view.account_of(site)) and topology.roles != "single":
            yield account, f"site-{site}", ("sites", site)
    for name, job in topology.jobs.items():
        if (account := view.account_of(job.site)) and not job.existing_role:
            yield account, f"{job.type}-{name}", ("jobs", name)
    for name in sorted({each.source for each in topology.replications.values()} & set(topology.buckets)):
        if account := view.account_of(topology.buckets[name].site):
            yield account, f"replication-{name}", ("buckets", name)
    if topology.roles == "pipeline":
        yield from _pipeline_roles(view)


def _pipeline_roles(view: View) -> Iterator[tuple[str, str, Loc]]:
    for name, pipeline in view.topology.pipelines.items():
        sites = set()
        for step in pipeline.steps:
            if step.run in view.topology.jobs:
                sites.add(view.topology.jobs[step.run].site)
            elif step.wait and (bucket := view.bucket_of(step.wait)):
                sites.add(bucket.site)
        for site in sorted(sites):
            if account := view.account_of(site):
                yield account, f"{name}-at-{site}", ("pipelines", name)

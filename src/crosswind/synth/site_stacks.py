"""The stacks of a site, put together from the resource families: one, or several where one would be too large.

What is divided are jobs and cross-account roles. Buckets stay together in the site's first stack whatever comes: one
that changed its stack would be deleted and made anew, and its objects with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crosswind.synth import actor_statements
from crosswind.synth.actors import Actor
from crosswind.synth.buckets import add_site_bucket, destination_parameter
from crosswind.synth.glue import add_glue_job
from crosswind.synth.grants import Grants
from crosswind.synth.keys import key_parameter
from crosswind.synth.lambda_ import add_lambda_job
from crosswind.synth.layout import Layout, camel
from crosswind.synth.parts import FIRST, Limits, Weight, before, divided, weight_of, within
from crosswind.synth.roles import account_trust, add_role, session_trust
from crosswind.synth.sagemaker import add_sagemaker_job
from crosswind.synth.stack import Need, Stack
from crosswind.synth.template import Template, get_att
from crosswind.topology.model import GlueJob, LambdaJob, SageMakerJob

__all__ = ["site_stacks"]

_ROLE_ARN_OR_NONE = r"^$|^arn:aws[a-z-]*:iam::\d{12}:role/.+$"
_KEY_ARN_OR_NONE = r"^$|^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+$"


def site_stacks(layout: Layout, sources: Mapping[str, str], site: str, limits: Limits) -> list[Stack]:
    """A site: its buckets, jobs and their roles, and perhaps its account's cross-account role.

    Args:
        layout: of the topology.
        sources: the text of each function's file, by its declared path.
        site: its name.
        limits: of a template.
    """
    maker = _Site(layout, layout.found, sources, site)
    held: dict[str, list[str]] = {}
    whole = maker.stack(maker.units, FIRST, held=held)
    if within(whole, limits):
        return [whole]
    resources = whole.template["Resources"]
    weights = {unit: weight_of({"Resources": {name: resources[name] for name in held[unit]}}) for unit in maker.units}
    # Every part is taken to have all parameters and outputs: a little too much, and soon told.
    around = weight_of({key: value for key, value in whole.template.items() if key != "Resources"})
    buckets = weight_of({"Resources": {name: resources[name] for name in held[""]}})

    def fits(units: Sequence[str], part: str) -> bool:
        return sum((weights[unit] for unit in units), around + (buckets if part == FIRST else Weight())).within(limits)

    parts = divided(maker.units, fits)
    if FIRST not in parts:  # a stack must hold something
        parts = {FIRST: () if layout.buckets(site) or not parts else parts.pop(min(parts)), **parts}
    return [maker.stack(units, part, before(part, tuple(parts))) for part, units in parts.items()]


@dataclass(frozen=True)
class _Site:
    """One site, whose stacks are made from some of what it holds."""

    layout: Layout
    found: Grants
    sources: Mapping[str, str]
    site: str

    @property
    def units(self) -> tuple[str, ...]:
        """What may be in any stack: cross-account roles and jobs, by names that none has twice."""
        roles = tuple(f"role {actor.name}" for actor in self.layout.actors_in(self.site))
        return (*roles, *(f"job {name}" for name, _ in self.layout.jobs(self.site)))

    def stack(
        self, units: Sequence[str], part: str, earlier: str = "", held: dict[str, list[str]] | None = None
    ) -> Stack:
        """A stack of the site with some units.

        Args:
            units: which.
            part: of the divided units; the first holds the site's buckets too.
            earlier: the part that must come before it; empty for none.
            held: takes the logical ids of each unit's resources; of the buckets', under an empty name.
        """
        layout, some, buckets = self.layout, frozenset(units), part == FIRST
        keys = {f"{camel(name)}Key": key_parameter(name) for name, _ in layout.buckets(self.site)}
        title = f"{layout.topology.name}: the site {self.site}" + ("" if buckets else f", part {part}")
        template = Template(title, {} if buckets else keys)
        actors = [actor for actor in layout.actors_in(self.site) if f"role {actor.name}" in some]
        jobs = [name for name, _ in layout.jobs(self.site) if f"job {name}" in some]
        needs = self._parameters(template, actors, jobs, buckets=buckets)
        into = {} if held is None else held
        if buckets:
            for bucket, _ in layout.buckets(self.site):
                add_site_bucket(template, layout, self.found, bucket)
        into[""] = template.added()
        for actor in actors:
            _add_cross_account_role(template, layout, self.found, actor)
            into[f"role {actor.name}"] = template.added()
        for name in jobs:
            self._add_job(template, name)
            into[f"job {name}"] = template.added()
        first = layout.site_stack(self.site)
        if not buckets:
            needs += [Need(first)]
            needs += [Need(first, name, name) for name in keys.values() if template.parameters.get(name, "") is None]
            needs += [Need(layout.jobs_stack(self.site, earlier))] if earlier not in ("", FIRST) else []
        return self._stack(template, needs, part)

    def _parameters(
        self, template: Template, actors: Sequence[Actor], jobs: Sequence[str], *, buckets: bool
    ) -> list[Need]:
        """Declare what other stacks give late; returns the needs."""
        layout, topology = self.layout, self.layout.topology
        held = layout.buckets(self.site) if buckets else ()
        hub_reads = layout.hub_reads and bool(held)
        if hub_reads:
            template.parameter(
                "ExecutionRoleArn",
                "The hub's execution role; empty until it exists. When set, bucket policies let it read.",
                default="",
                pattern=_ROLE_ARN_OR_NONE,
            )
        moved = {r.destination for bucket, _ in held for _, r in layout.replications(bucket)}
        destinations = sorted(bucket for bucket in moved if topology.buckets[bucket].is_made)
        for destination in destinations:
            template.parameter(
                destination_parameter(destination),
                f"The bucket declared as {destination}; empty until it exists. When set, replication starts.",
                default="",
            )
        keys = {destination for destination in destinations if layout.makes_key(destination)}
        used = actor_statements.foreign_keys(layout, self.found, self.site, actors, jobs)
        keys.update(used)
        for bucket in sorted(keys):
            template.parameter(
                key_parameter(bucket),
                f"The key of the bucket declared as {bucket}; empty until it exists. When set, it may be used here.",
                default="",
                pattern=_KEY_ARN_OR_NONE,
            )
        for bucket in used:
            template.condition_set(key_parameter(bucket))
        return [
            *([Need(layout.network_stack(), "ExecutionRoleArn", "ExecutionRoleArn", late=True)] if hub_reads else []),
            *(_bucket_need(layout, bucket, destination_parameter(bucket)) for bucket in destinations),
            *(_bucket_need(layout, bucket, key_parameter(bucket)) for bucket in sorted(keys)),
        ]

    def _add_job(self, template: Template, name: str) -> None:
        job = self.layout.topology.jobs[name]
        if isinstance(job, GlueJob):
            add_glue_job(template, self.layout, self.found, name, job)
        elif isinstance(job, SageMakerJob):
            add_sagemaker_job(template, self.layout, self.found, name, job)
        elif isinstance(job, LambdaJob):
            add_lambda_job(template, self.layout, self.found, name, job, source=self.sources[job.source])

    def _stack(self, template: Template, needs: list[Need], part: str) -> Stack:
        layout, topology = self.layout, self.layout.topology
        account = topology.sites[self.site].account
        identity, region = layout.account_id(account), topology.region_of(self.site)
        partition, role = topology.partition, layout.names.role("stackset-administration")
        far = self.site in layout.far_sites(account)
        if far:
            needs.append(Need(layout.stacksets_stack(account)))
        kind: Literal["stack", "stackset"] = "stackset" if far else "stack"
        return Stack(
            name=layout.site_stack(self.site) if part == FIRST else layout.jobs_stack(self.site, part),
            account=identity,
            region=region,
            part="site" if part == FIRST else "jobs",
            site=self.site,
            kind=kind,
            template=template.build(),
            capabilities=("CAPABILITY_NAMED_IAM",),
            parameters=template.parameters,
            outputs=template.outputs,
            needs=tuple(sorted(needs)),
            admin_region=layout.home(account) if far else region,
            administration_role=f"arn:{partition}:iam::{identity}:role/{role}" if far else "",
            execution_role=layout.names.role("stackset-execution") if far else "",
        )


def _add_cross_account_role(template: Template, layout: Layout, found: Grants, actor: Actor) -> None:
    topology = layout.topology
    role = add_role(
        template,
        actor.logical_id,
        actor.role,
        f"Airflow in {topology.hub_account} works in this account under this role.",
        trust=[
            account_trust(topology.hub_account, layout.execution_role_arn, topology.external_id),
            session_trust(topology.hub_account, layout.execution_role_arn),
        ],
        boundary=layout.boundary,
        statements=actor_statements.cross_account(layout, found, actor),
    )
    template.output(f"{actor.logical_id}Arn", get_att(role, "Arn"), "The role that Airflow assumes.")


def _bucket_need(layout: Layout, bucket: str, name: str) -> Need:
    site = layout.topology.buckets[bucket].site
    return Need(layout.site_stack(site), name, name, late=True)

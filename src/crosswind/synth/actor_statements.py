"""The IAM statements of cross-account roles: what Airflow does at sites. Each statement stands once, here.

Action, resource and condition names: docs.aws.amazon.com/service-authorization/latest/reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosswind.synth import handover_statements, object_statements, sagemaker_statements
from crosswind.synth.actors import Actor
from crosswind.synth.arns import job_arn, log_group_arn
from crosswind.synth.grants import ORCHESTRATOR, Grant, Grants, Verb, folders
from crosswind.synth.layout import Layout
from crosswind.synth.object_statements import Paths
from crosswind.synth.roles import Statement, allow
from crosswind.synth.sagemaker_statements import KINDS
from crosswind.topology.model import GlueJob, LambdaJob

__all__ = ["cross_account", "foreign_keys"]


def cross_account(layout: Layout, found: Grants, actor: Actor) -> list[Statement]:
    """What Airflow does under one role, at its sites and for its pipelines."""
    mine = actor.takes(found)

    def jobs(verb: Verb, kind: type[Any]) -> list[str]:
        return sorted({g.what for g in mine if g.verb == verb and isinstance(layout.topology.jobs[g.what], kind)})

    claimed = folders(mine, ORCHESTRATOR, "claim")
    vetted = {bucket: paths for bucket, paths in folders(mine, ORCHESTRATOR, "vet").items() if bucket not in claimed}
    glue, functions = (jobs("start", kind) for kind in (GlueJob, LambdaJob))
    sagemaker = [(kind, jobs("start", kind.jobs)) for kind in KINDS]
    return [
        *object_statements.find_folders(
            layout,
            folders(mine, ORCHESTRATOR, "find", "claim"),
            folders(mine, ORCHESTRATOR, "read", "pin", "record", "vet"),
        ),
        *object_statements.load(layout, folders(mine, ORCHESTRATOR, "load")),
        *object_statements.read(layout, folders(mine, ORCHESTRATOR, "read")),
        *handover_statements.airflow(layout, mine),
        *object_statements.use_keys(layout, layout.home_of(actor), *_touched(mine)),
        *(_run_glue(layout, glue) if glue else []),
        *(
            statement
            for kind, started in sagemaker
            if started
            for statement in sagemaker_statements.run(layout, started, kind, actor)
        ),
        *(_run_functions(layout, functions) if functions else []),
        *object_statements.objects(layout, "Vet", ["s3:GetObject"], vetted),
        *_reap_glue(layout, sorted(set(jobs("reap", GlueJob)) - set(glue))),
        *(
            statement
            for kind, started in sagemaker
            if (left := sorted(set(jobs("reap", kind.jobs)) - set(started)))
            for statement in sagemaker_statements.reap(layout, left, kind)
        ),
    ]


def foreign_keys(layout: Layout, found: Grants, site: str, actors: Sequence[Actor], jobs: Sequence[str]) -> list[str]:
    """The buckets whose keys some roles of a site use although the site does not hold them; sorted.

    Args:
        layout: of the topology.
        found: its grants.
        site: whose stack holds the roles.
        actors: its cross-account roles.
        jobs: the jobs whose roles are meant.
    """
    buckets: set[str] = set()
    for actor in actors:
        buckets.update(*_touched(actor.takes(found)))
    for name in jobs:
        buckets.update(folders(found, f"job {name}", "load", "read", "write", "answer"))
    return sorted(b for b in buckets if layout.makes_key(b) and layout.topology.buckets[b].site != site)


def _touched(mine: Sequence[Grant]) -> tuple[set[str], set[str]]:
    """The buckets that Airflow reads, and those that it writes, under a role."""
    read: Paths = folders(mine, ORCHESTRATOR, "load", "read", "pin", "vet")
    written: Paths = folders(mine, ORCHESTRATOR, "publish", "record", "claim")
    return {*read, *handover_statements.fetched(mine)}, {*written, *handover_statements.carried(mine)}


def _run_glue(layout: Layout, jobs: Sequence[str]) -> list[Statement]:
    runs = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"]
    logs = [log_group_arn(layout, j, f"{layout.names.log_group(j)}/{end}") for j in jobs for end in ("error", "output")]
    return [
        allow("RunGlue", runs, [job_arn(layout, job, "glue", f"job/{layout.names.job(job)}") for job in jobs]),
        # A run's streams are named after it: nothing is searched.
        allow("ReadGlueLogs", ["logs:GetLogEvents"], logs),
    ]


def _run_functions(layout: Layout, jobs: Sequence[str]) -> list[Statement]:
    logs = [log_group_arn(layout, job, layout.names.log_group(job)) for job in jobs]
    return [
        allow(
            "InvokeFunctions",
            ["lambda:InvokeFunction"],
            [job_arn(layout, job, "lambda", f"function:{layout.names.job(job)}") for job in jobs],
        ),
        allow("ReadFunctionLogs", ["logs:FilterLogEvents", "logs:GetLogEvents"], logs),
    ]


def _reap_glue(layout: Layout, jobs: Sequence[str]) -> list[Statement]:
    """What finds and stops runs that roles of pipelines have started."""
    arns = [job_arn(layout, job, "glue", f"job/{layout.names.job(job)}") for job in jobs]
    actions = ["glue:BatchStopJobRun", "glue:GetJobRuns"]
    return [allow("ReapGlue", actions, arns)] if jobs else []

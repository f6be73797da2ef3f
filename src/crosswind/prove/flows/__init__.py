"""The tables of flows: what each operator, job, service and deploy step calls. Never derived from synth's statements.

One file a family. A row is observed, and then the end-to-end runs on the local world are held against it, or it is
documented, by a page of AWS's or by what else says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crosswind.prove.estate import Estate
from crosswind.prove.flow import Flow
from crosswind.prove.flows.arrivals import arrivals
from crosswind.prove.flows.deleting import deleting
from crosswind.prove.flows.deploying import files, removal, running, survey
from crosswind.prove.flows.functions import function, function_operator
from crosswind.prove.flows.glue import glue_job, glue_operator
from crosswind.prove.flows.hub import hub
from crosswind.prove.flows.keys import administration, with_keys
from crosswind.prove.flows.publishing import publishing
from crosswind.prove.flows.reaper import reap, reaper
from crosswind.prove.flows.replication import replication
from crosswind.prove.flows.sagemaker import sagemaker_job, sagemaker_operator
from crosswind.prove.flows.stacks import entering, resources, stack_calls, stackset_calls

__all__ = ["DEPLOYMENT", "PIPELINES", "flows"]

PIPELINES: tuple[Callable[[Estate], Iterator[Flow]], ...] = (
    arrivals,
    glue_operator,
    sagemaker_operator,
    function_operator,
    publishing,
    reaper,
    glue_job,
    sagemaker_job,
    function,
    deleting,
    replication,
    hub,
)
"""Who runs pipelines, and what they run."""

DEPLOYMENT: tuple[Callable[[Estate], Iterator[Flow]], ...] = (
    entering,
    resources,
    stack_calls,
    stackset_calls,
    files,
    running,
    reap,
    removal,
    survey,
    administration,
)
"""Who deploys, looks and removes."""


def flows(estate: Estate) -> Iterator[Flow]:
    """Every flow of a topology, and with each the use of the KMS key that it needs."""

    def every() -> Iterator[Flow]:
        for family in (*PIPELINES, *DEPLOYMENT):
            yield from family(estate)

    return with_keys(estate, every())

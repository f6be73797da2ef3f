"""A run's summary for people: the steps, what was handed over, the model, and what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crosswind.cli.console import Console
from crosswind.report import Handed, Summary

__all__ = ["show_summary"]


def show_summary(
    console: Console,
    summary: Summary,
    decisions: Mapping[str, int],
    phases: Mapping[str, float],
    waiting: int = 0,
) -> None:
    """Print what a run did.

    Args:
        console: prints.
        summary: of the run.
        decisions: how many `requests` IAM decided, and how many it `allowed` and `denied`.
        phases: seconds by phase.
        waiting: how many leftovers wait for their end, as KMS keys do.
    """
    console.line()
    console.table(
        f"{summary.topology}: what happened",
        ("step", "account", "region", "under the role", "took"),
        [
            (step.what, step.account, step.region, _role(step.identity), f"{step.seconds:.1f} s")
            for step in summary.steps
        ],
    )
    console.line()
    if summary.handed:
        _show_handed(console, summary.handed)
    console.line(f"replicated   {summary.replicated_objects} objects, {summary.replicated_bytes:,} bytes")
    for name, value in sorted(summary.metrics.items()):
        console.line(f"metric       {name} = {value:.4f}")
    if summary.model:
        console.line(f"model        {summary.model}")
    _show_removed(console, summary.removed)
    requests = ", ".join(f"{account} {count}" for account, count in sorted(summary.requests.items()))
    console.line(f"AWS calls    {requests}")
    console.line(
        f"IAM          {decisions['requests']} requests decided: {decisions['allowed']} allowed,"
        f" {decisions['denied']} denied (set-up and clean-up included)"
    )
    console.line("time         " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in phases.items()))
    if "destroy" in phases:
        found = f"only {waiting} KMS keys, which KMS deletes later" if waiting else "no resource of the topology"
        console.line(f"left         nothing: a sweep of every declared account and Region found {found}")


def _show_handed(console: Console, handed: Handed) -> None:
    console.line(
        f"handed over  {handed.objects} objects, {handed.size:,} bytes, arrived by {handed.mover}"
        f" {handed.seconds:.1f} s after publication, below"
    )
    console.line(f"             {handed.prefix}")
    for key, here, there in handed.versions:
        moved = f"version {here} at both ends" if here == there else f"version {here} -> {there}"
        console.line(f"             {key.removeprefix(handed.prefix)}  {moved}")


def _show_removed(console: Console, removed: Sequence[str]) -> None:
    if not removed:
        console.line("cleaned up   nothing")
        return
    places = [each.split("/", 1) for each in removed]
    buckets, prefixes = {bucket for bucket, _ in places}, {"/".join(key.split("/")[:2]) for _, key in places}
    console.line(f"cleaned up   {len(removed)} intermediate objects in {len(buckets)} buckets, below")
    for prefix in sorted(prefixes):
        console.line(f"             {prefix}/")


def _role(identity: str) -> str:
    """The role of an ARN of a session, whose account is told beside it; the session's name is in the JSON."""
    role = identity.partition(":assumed-role/")[2].partition("/")[0]
    return role or identity

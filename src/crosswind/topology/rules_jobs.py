"""Rules of jobs: their sites and their folders."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.topology.model import GlueJob, Job, LambdaJob, ProcessingJob, SageMakerJob
from crosswind.topology.places import Loc
from crosswind.topology.view import Faults, View

__all__ = [
    "deletes_are_in_the_account",
    "job_folders_are_declared",
    "job_sites_are_declared",
    "reads_are_at_the_site",
    "sagemaker_reads_in_its_region",
    "uploads_are_at_the_site",
    "writes_are_at_the_site",
]


def job_sites_are_declared(view: View) -> Faults:
    """Every job runs at a declared site."""
    for name, job in view.topology.jobs.items():
        if job.site not in view.topology.sites:
            yield view.undeclared(("jobs", name, "site"), "site", job.site, dict(view.topology.sites))


def job_folders_are_declared(view: View) -> Faults:
    """Jobs name whole folders: `bucket/folder`, both declared."""
    for name, job in view.topology.jobs.items():
        for loc, ref in _refs(name, job, "reads", "writes", "deletes", "uploads"):
            if view.split(ref)[1].count("/"):
                yield view.fault(
                    loc,
                    f'"{ref}" is more than a folder: a job is granted whole folders',
                    f"write `{'/'.join(ref.split('/')[:2])}`",
                )
            yield from view.folder_faults(loc, ref)


def reads_are_at_the_site(view: View) -> Faults:
    """A job reads in its own Region and account: data comes to it by replication, unless it is read in place."""
    for name, job in view.topology.jobs.items():
        for loc, ref in _refs(name, job, "reads"):
            bucket = view.bucket_of(ref)
            if bucket is None or bucket.site == job.site or job.site not in view.topology.sites:
                continue
            if not _in_place(view, ref):
                yield view.fault(
                    loc,
                    f"job {name} at site {job.site} reads {ref}, which is at site {bucket.site};"
                    " nothing brings it there",
                    _brought(view, ref, job),
                )


def sagemaker_reads_in_its_region(view: View) -> Faults:
    """SageMaker takes its input from buckets in the job's own Region.

    Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html; API_ProcessingS3Input.html says
    nothing of it, and the same download does the work.
    """
    for name, job in view.topology.jobs.items():
        for loc, ref in _refs(name, job, "reads"):
            bucket = view.bucket_of(ref)
            if not isinstance(job, SageMakerJob) or bucket is None or job.site not in view.topology.sites:
                continue
            here, there = view.topology.region_of(job.site), view.topology.region_of(bucket.site)
            if here != there and _in_place(view, ref):
                yield view.fault(
                    loc,
                    f"SageMaker job {name} is in {here}, but {ref} is in {there}; SageMaker reads in its own Region",
                    "let the replication take the folder to the job's site: mover copy, crr or crr-rtc",
                )


def writes_are_at_the_site(view: View) -> Faults:
    """A job writes in its own Region and account; replication takes it elsewhere."""
    for name, job in view.topology.jobs.items():
        for loc, ref in _refs(name, job, "writes"):
            bucket = view.bucket_of(ref)
            if bucket is not None and bucket.site != job.site and job.site in view.topology.sites:
                yield view.fault(
                    loc,
                    f"job {name} at site {job.site} writes {ref}, which is at site {bucket.site}",
                    "let it write to a bucket of its own site, and declare a replication from there",
                )


def deletes_are_in_the_account(view: View) -> Faults:
    """A job may delete in other Regions of its account, not in other accounts."""
    for name, job in view.topology.jobs.items():
        account = view.account_of(job.site)
        for loc, ref in _refs(name, job, "deletes"):
            bucket = view.bucket_of(ref)
            owner = view.account_of(bucket.site) if bucket else None
            if account and owner and owner != account:
                yield view.fault(
                    loc,
                    f"job {name} in account {account} deletes from {ref}, which is in account {owner}",
                    f"declare a job that cleans up in {owner}",
                )


def uploads_are_at_the_site(view: View) -> Faults:
    """Scripts, configurations and results lie at the job's site, where its role uses them."""
    for name, job in view.topology.jobs.items():
        for loc, ref in _refs(name, job, "uploads"):
            bucket = view.bucket_of(ref)
            if bucket is not None and bucket.site != job.site and job.site in view.topology.sites:
                yield view.fault(
                    loc,
                    f"job {name} is at site {job.site}, but {ref} is at site {bucket.site}",
                    "name a folder of a bucket at the job's site",
                )


def _refs(name: str, job: Job, *kinds: str) -> Iterator[tuple[Loc, str]]:
    """A job's folders of these kinds, with their key paths."""
    for kind in kinds:
        if kind == "uploads":
            if isinstance(job, GlueJob | ProcessingJob):
                yield ("jobs", name, "scripts"), job.scripts
            if isinstance(job, SageMakerJob):
                yield ("jobs", name, "configs"), job.configs
            if isinstance(job, LambdaJob) and job.results is not None:
                yield ("jobs", name, "results"), job.results
            continue
        for index, ref in enumerate(getattr(job, kind)):
            yield ("jobs", name, kind, index), ref


def _in_place(view: View, ref: str) -> bool:
    """Whether jobs of other sites may read a folder where it is."""
    return any(
        replication.mover == "in-place" and ref == f"{replication.source}/{replication.folder}"
        for replication in view.topology.replications.values()
    )


def _brought(view: View, ref: str, job: Job) -> str:
    """What to do so that a folder's data comes to a job."""
    bucket, folder = view.split(ref)
    site = job.site
    for replication in view.topology.replications.values():
        brought = view.topology.buckets.get(replication.destination)
        if replication.source == bucket and replication.folder == folder and brought and brought.site == site:
            return f"read {replication.destination}/{folder}, which replication brings there"
    hint = f"declare a replication of {ref} to a bucket at site {site}, and read that one"
    here, there = view.topology.region_of(site), view.topology.region_of(view.topology.buckets[bucket].site)
    if isinstance(job, SageMakerJob) and here != there:
        return hint
    return f"{hint}; or one with `mover: in-place`, and read this one"

"""The rules between declared objects. Each rule is a function that takes a `View` and yields faults."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from crosswind.errors import TopologyError
from crosswind.topology import (
    rules_buckets,
    rules_existing,
    rules_files,
    rules_jobs,
    rules_names,
    rules_network,
    rules_pipelines,
    rules_places,
    rules_replicas,
)
from crosswind.topology.model import Topology
from crosswind.topology.places import Places
from crosswind.topology.view import Faults, View

__all__ = ["RULES", "check"]

Rule = Callable[[View], Faults]

RULES: tuple[Rule, ...] = (
    rules_places.account_ids_differ,
    rules_places.console_roles_fit,
    rules_places.hub_account_is_declared,
    rules_places.hub_network_fits,
    rules_network.networks_name_what_is_there,
    rules_network.endpoints_keep_airflow_private,
    rules_network.endpoints_reach_every_site,
    rules_places.hub_workers_are_ordered,
    rules_places.hub_options_are_free,
    rules_places.there_is_a_site,
    rules_places.site_accounts_are_declared,
    rules_places.regions_are_of_the_partition,
    rules_places.connections_differ,
    rules_places.logical_names_differ,
    rules_names.role_names_differ,
    rules_buckets.bucket_sites_are_declared,
    rules_buckets.folders_differ,
    rules_buckets.s3_takes_the_names,
    rules_buckets.s3_names_differ,
    rules_buckets.replications_are_declared,
    rules_buckets.replications_know_their_end,
    rules_buckets.replications_mend_what_s3_moves,
    rules_buckets.replications_leave_their_site,
    rules_buckets.replications_are_versioned,
    rules_buckets.replications_keep_their_encryption,
    rules_buckets.replications_differ,
    rules_buckets.replicas_are_not_replicated,
    rules_existing.existing_buckets_are_left_alone,
    rules_existing.existing_keys_are_beside_their_buckets,
    rules_existing.existing_sources_are_copied,
    rules_existing.existing_roles_are_of_the_account,
    rules_existing.existing_roles_name_their_keys,
    rules_replicas.options_are_of_s3,
    rules_replicas.replicas_change_accounts,
    rules_replicas.handovers_keep_their_objects,
    rules_replicas.handovers_go_one_way,
    rules_jobs.job_sites_are_declared,
    rules_jobs.job_folders_are_declared,
    rules_jobs.reads_are_at_the_site,
    rules_jobs.sagemaker_reads_in_its_region,
    rules_jobs.writes_are_at_the_site,
    rules_jobs.deletes_are_in_the_account,
    rules_jobs.uploads_are_at_the_site,
    rules_pipelines.steps_do_one_thing,
    rules_pipelines.steps_name_declared_jobs,
    rules_pipelines.tasks_differ,
    rules_pipelines.waits_are_declared,
    rules_pipelines.after_is_declared,
    rules_pipelines.after_makes_no_circle,
    rules_pipelines.dags_differ,
    rules_pipelines.intervals_fit,
    rules_files.files_exist,
    rules_files.dags_are_in_their_folder,
    rules_files.data_goes_to_objects,
    rules_files.uploads_differ,
    rules_files.inline_sources_fit,
    rules_files.configs_are_json,
)


def check(topology: Topology, places: Places, root: Path) -> list[TopologyError]:
    """Hold a topology against every rule.

    Args:
        topology: as read.
        places: the lines of its keys.
        root: the folder of its file.

    Returns:
        The faults, in file order; none for a sound topology.
    """
    view = View(topology, places, root)
    # A rule yields in file order, so that the first of each hold the first of all. Guesses at names take their time.
    faults = [fault for rule in RULES for fault in islice(rule(view), TopologyError.MOST + 1)]
    return sorted(faults, key=lambda fault: (fault.place, fault.message))

"""Stop the remote jobs of this topology that no live task owns, at every interval of `intervals.reap_seconds`."""

from crosswind.airflow import load_topology, reaper_dag

dag = reaper_dag(load_topology(__file__))

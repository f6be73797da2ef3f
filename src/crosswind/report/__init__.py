"""The read model of a run: what happened, where, who acted, and how long it took.

`collect` asks the accounts and Airflow what a run left; it calls, but changes nothing. `trail` reads the local world's request log: one AWS call a record, with the identity that made it. `summary` joins a topology, the
task instances of its DAG runs and that trail into one frozen `Summary`, which the command line prints and
pages may draw.

May not: change anything, print. Only `collect` calls AWS.
"""

from crosswind.report.collect import collect
from crosswind.report.summary import StepRow, Summary, TaskRow, summarise
from crosswind.report.trail import Request, Trail

__all__ = ["Request", "StepRow", "Summary", "TaskRow", "Trail", "collect", "summarise"]

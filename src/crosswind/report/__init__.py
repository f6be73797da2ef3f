"""The read model: what a run did, where, who acted, how long it took; and where a denial comes from.

Three stages:

1. `trail` reads the local world's request log: one AWS call a record, with the identity that made it.
2. `collect` asks the accounts what a run left behind: the training job, the replicas, what was removed.
3. `summary` joins both with the task instances of the DAG runs into one frozen `Summary`, which the command
   line prints and pages may draw.

`ancestry` walks back from one model by the record beside it; `jobs` says where remote jobs may run, and what Airflow
says of the tasks that own them. Both tell what they found as paragraphs (`paragraph`).

Of a denial: `origins` (with `template_paths`) finds the template and the line of the topology behind each document that
an explanation of `crosswind.iam` says to edit, and `denial` puts both into lines of text.

May not: change anything, print. Only `collect`, `ancestry` and `jobs` call AWS.
"""

from crosswind.report.collect import collect
from crosswind.report.summary import Handed, StepRow, Summary, TaskRow, summarise
from crosswind.report.trail import Request, Trail

__all__ = ["Handed", "Request", "StepRow", "Summary", "TaskRow", "Trail", "collect", "summarise"]

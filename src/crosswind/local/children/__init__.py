"""Child processes of the world: a clean environment, a process group each, and nothing that outlives it.

A child starts in a session of its own, so that stopping it stops all that it started (`child`), with an
environment that holds what is meant and nothing inherited by chance (`environment`). `Children` keeps the list;
when the world ends in order it calls `stop`, and when the world is killed a `watcher` process, which holds the
other end of a pipe, sees the pipe close and kills what is left. A `Halt` ends the child of one job.

May not: know what a child does.
"""

from crosswind.local.children.child import Child
from crosswind.local.children.children import Children
from crosswind.local.children.environment import clean_environment
from crosswind.local.children.halt import Halt

__all__ = ["Child", "Children", "Halt", "clean_environment"]

"""Handovers: the exact objects that one DAG run publishes and another consumes. Knows no Airflow.

The stages, in order:

1. `model`: versions of objects, a handover, an arrival; plain data. `objects`: versions as S3 tells of them.
2. `publish`: what a job wrote becomes a handover: every object's version, size and checksum, in a manifest that is
   written once. `read` reads it back, and checks that it is the one that was published.
3. `choose`: which handover a run takes: the newest of its events, the one named in its parameters, else the latest
   that was published before the run was asked for.
4. `movers`: how the objects get to the other site: S3 replicates (nothing to do), a copy by role, or not at all.
5. `arrival`: a look at the destination (`look`); complete only when every version is there. `outstanding` asks whether
   the rest will come; `failures` reads why S3 gave up (`reasons`), else `inference` says what its configuration
   suggests.
6. `verify`: the versions again, before training and after.
7. `lineage`: what a model was made from, as a record beside it; `marks`: what its training job bears of that in tags.

A key that exists proves nothing; only versions are compared. Every function may be cut at any call to AWS and called
again. botocore's errors come out as `crosswind.errors.AwsError`, the original as their cause. May not: import Airflow,
wait, list more than it needs.
"""

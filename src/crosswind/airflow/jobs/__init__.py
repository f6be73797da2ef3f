"""Remote jobs, submitted once: what a task that starts work elsewhere does. Knows no Airflow.

The stages, in order:

1. `model`: a submission, a look at it, and the protocol that every kind keeps.
2. `training` and `processing` (their common half is `named`, their marks are `tags`), `glue` (its API is `glue_runs`)
   and `lambda_` (its log is `lambda_log`): one kind each. They find a job by the token that names or marks it, submit
   it, look at it, stop it, read its log (`logs`).
3. `claims`: an object that only one submitter can make (S3's conditional writes), for the kinds whose API has no
   token.
4. `submit`: look for the attempt group's job, adopt it, else submit the next ordinal; stop what a clear left behind.
5. `failures`: what an error, or a job that failed, means for the task: wait, try again, or give up.
6. `orphans`: which live jobs no live task owns; `reap` lists the jobs, asks for their owners, and stops those.

May not: import Airflow, wait (the trigger does), fall back to another account or Region.
"""

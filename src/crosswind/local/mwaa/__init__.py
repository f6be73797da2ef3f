"""Local MWAA: the MWAA API in front of a real Airflow that lives in an environment of its own.

```
CreateEnvironment          validation.py      refuses what AWS refuses, in AWS's words
  bucket.py                the bucket, read with the execution role through the edge
  image.py                 the "image": one base environment a (version, Python, constraints), cached
  overlay.py               image + requirements.txt + plugins.zip = one build of one environment
  airflow.py               starts launcher.py with the build's Python; healthy, stopped, nothing left
GetEnvironment ...         environment.py     one environment's life: CREATING, AVAILABLE, UPDATING, ...
InvokeRestApi              rest.py            Airflow's REST API on loopback
CreateCliToken ...         tokens.py          signed for a minute; plugin.py verifies them inside Airflow
/_crosswind/credentials/   role.py            the execution role's session, for Airflow and for this package
/_crosswind/airflow        processes.py       which process is which, for who kills them on purpose
```
`service.py` puts these behind the API. `launcher.py` and `plugin.py` run in Airflow's environment, not here:
they are copied, and import nothing of Crosswind.

What differs from AWS: SimpleAuthManager without a login instead of FAB behind IAM (loopback only);
LocalExecutor and SQLite instead of Celery and PostgreSQL, and none of the packages of these four in the
base; a requirements.txt that cannot be installed fails the environment (MWAA starts without it); no startup
script; no networks; component and task logs in the environment's folder (`logs/`, `home/logs/`) instead of
CloudWatch Logs. A component that is killed starts again, as there; a scheduler's idle workers stay behind until
Airflow stops.

May not: import Airflow, read the bucket with any other identity than the execution role's, use the operator's
credentials for anything.
"""

from crosswind.local.mwaa.service import Mwaa

__all__ = ["Mwaa"]

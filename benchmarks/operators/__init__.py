"""Crosswind's operators beside those of Airflow's amazon provider: same work, same Airflow, same run.

`world` deploys the pairs of DAGs (`pairs`, `dags/`); `runs` runs them and asks Airflow how long what took, `jobs` asks
the jobs; `calls` counts AWS calls; `waiting` counts them while nothing happens; `loading` measures imports and parsing;
`table` prints. `python -m benchmarks.operators` does it all.
"""

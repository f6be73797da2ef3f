"""Assumed sessions: one AssumeRole for each (DAG run, target) in a process, one Region, one asserted account.

`sessions` keeps them; `cross_account` makes them, from Airflow's connections, and gives clients (`clients_of`) and
hooks; `sagemaker` gives its session to Airflow's SageMaker hook and to the S3, Logs and IAM clients inside it.
May not: choose a job, wait, or fall back to other credentials.
"""

"""Hooks whose clients share one assumed session: one AssumeRole, one Region, one asserted account.

`cross_account` holds the session; `sagemaker` gives it to Airflow's SageMaker hook and to the S3, Logs and
IAM clients inside it. May not: choose a job, wait, or fall back to other credentials.
"""

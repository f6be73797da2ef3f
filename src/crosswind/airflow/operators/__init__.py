"""Operators: find or submit, wait in the triggerer, hand on. What is remote is `jobs`' and `handover`'s.

`placed` knows where a task acts; `job` is what every remote job has; `configured` reads SageMaker's requests; `glue`,
`sagemaker`, `processing`, `lambda_` are the kinds; `handover` publishes what a job wrote.
"""

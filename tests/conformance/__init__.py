"""The local world runs Glue scripts on Sail; here Apache Spark judges whether the results are Spark's.

`python tests/conformance/spark.py` makes an environment with PySpark and runs these tests. Without that
environment, or without Java, they are skipped.
"""

"""Packages that a job script finds on Glue and that PyPI does not offer under a free licence.

`awsglue` here is written from AWS Glue's public documentation; it offers what the local world can do truthfully
and refuses the rest by name. The folder is on a Glue child's PYTHONPATH, never on the world's own.
"""

"""Triggers: the waits of the operators (`job`) and sensors (`arrival`), with the same settings, in the triggerer.

They take the steps of `crosswind.airflow.watch` and `arrivals` in `threads`, and always end in an event.
"""

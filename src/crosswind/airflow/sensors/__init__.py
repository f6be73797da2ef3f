"""Sensors: waits that begin a DAG. What is looked at is `crosswind.airflow.handover`'s, the wait the trigger's."""

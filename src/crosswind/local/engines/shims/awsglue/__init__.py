"""The part of `awsglue` that the local world offers: arguments, the Spark session, job begin and end."""

__all__ = ["context", "job", "utils"]

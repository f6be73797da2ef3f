"""A function."""


def handler(event, context):
    return {"job": "sweep", "event": event}

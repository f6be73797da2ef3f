"""A function."""


def handler(event, context):
    return {"job": "note", "event": event}

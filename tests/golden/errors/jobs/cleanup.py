"""A function."""


def handler(event, context):
    return event

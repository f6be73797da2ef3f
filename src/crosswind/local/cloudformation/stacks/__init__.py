"""Stacks: what a caller asks for becomes resources, step by step, and is undone when a step fails.

```
api.StackApi        the operations of the API: reads parameters, answers in botocore's shape
requests            template text (body, S3 URL, previous), parameters, capabilities; all refusals before any change
blueprint           a checked template with its values: who needs whom, what each property evaluates to
operations          one thread for each operation on a stack; a busy stack refuses another
flows/create, update, delete   what an operation does, and how it is undone
work.ResourceWork   one resource: events, provider call, AWS's words for a failure
walk                many resources at once, none before what it needs
store               every stack of the world, by account then Region; the exports
```

A flow changes a stack only through `model.Stack`, under its lock; readers get copies. Undo is registered right after
the do, so that what a failed step left half made is taken away too.
"""

"""Resource providers: one short file a type, each the same shape.

A provider turns evaluated properties into AWS API calls, made through the edge with the rights of the stack's caller
or service role; it never touches another service's state. `offers` names every property that it applies; the engine
refuses the others before anything is made, so that no property is ever dropped.

Rules for a provider:
- call `context.made(id)` as soon as something exists, before the next call, so that a failure afterwards is undone;
- `update` takes the properties before and after and applies the difference, so that it can be run backwards;
- `delete` succeeds when the resource is already gone;
- whatever goes wrong is raised: botocore's ClientError as it is, or `ResourceError`.

`registry.PROVIDERS` is the list of types.
"""

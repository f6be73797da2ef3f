"""From a template's text to values: pure, no AWS call, no clock.

```
text -> document.parse      -> Template      JSON or YAML (short forms too); sections and attributes checked
        parameters.resolve  -> values        declared types, defaults, allowed values; NoEcho kept apart
        conditions          -> truth values  evaluated once per operation
        references.check    -> nothing       every name that is referred to exists
        references.needs    -> graph         what must exist before what; a circle is refused
        intrinsics.Resolver -> plain values  one resource's properties, when what it needs exists
```

Every fault is a `ValidationError` in AWS's words. No stage knows a provider, a stack or an account's state.
"""

"""What AWS's own resource schemas say of a type, and what that means for a template's properties.

```
catalogue.Catalogue -> TypeSchema   one type's schema, read from the JSON files that cfn-lint ships, cached
shape.check         -> faults       unknown, missing and ill-typed properties; functions pass unevaluated
shape.fitted        -> properties   evaluated values with their declared types ("5" -> 5), or faults
```

Importing cfn-lint costs seconds of processor time; only its data files are read here, its code never runs.
"""

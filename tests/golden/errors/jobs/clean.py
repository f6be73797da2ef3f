"""A Glue script."""

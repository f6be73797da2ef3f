"""Job arguments.

Source: docs.aws.amazon.com/glue/latest/dg/aws-glue-api-crawler-pyspark-extensions-get-resolved-options.html
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["GlueArgumentError", "getResolvedOptions"]


class GlueArgumentError(Exception):
    """An argument that the script asked for was not given."""


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802 - Glue's own name
    """The values of the named arguments.

    Strict: names match whole, never by their beginning, and the last value given wins.

    Args:
        args: `sys.argv`: the script, then `--name value` or `--name=value`; others are passed over.
        options: names without the two hyphens.

    Returns:
        A value for each name.

    Raises:
        GlueArgumentError: a name has no value.
    """
    wanted = {f"--{name}": name for name in options}
    found: dict[str, str] = {}
    rest = list(args[1:])
    while rest:
        word = rest.pop(0)
        head, equals, tail = word.partition("=")
        if head not in wanted:
            continue
        if equals:
            found[wanted[head]] = tail
        elif rest and not rest[0].startswith("--"):
            found[wanted[head]] = rest.pop(0)
        else:
            raise GlueArgumentError(f"argument {head}: expected one argument")
    missing = [f"--{name}" for name in options if name not in found]
    if missing:
        raise GlueArgumentError(f"the following arguments are required: {', '.join(missing)}")
    return found

"""The form of a template, which may have been edited by hand: whatever is wrong with it is an error with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from crosswind.errors import InputError, Place
from crosswind.synth import Stack

__all__ = ["check_shape", "file_of", "malformed", "well_formed"]

_SECTIONS = ("Conditions", "Mappings", "Outputs", "Parameters", "Resources")
_WANTED = {"Outputs": "Value", "Resources": "Type"}


def file_of(stack: Stack) -> str:
    """Where `crosswind synth --out` writes a stack's template, below its folder."""
    return f"{stack.account}/{stack.region}/{stack.name}.json"


def check_shape(stack: Stack) -> None:
    """Mappings where CloudFormation wants them, and a type for each resource.

    Raises:
        InputError: there is something else.
    """

    def place(path: str) -> Place:
        return Place(file_of(stack), 0, path)

    for section in _SECTIONS:
        content = stack.template.get(section, {})
        if not isinstance(content, Mapping):
            raise malformed(place(section), "a mapping is wanted")
        for name, each in content.items():
            wanted = _WANTED.get(section, "")
            if not isinstance(each, Mapping) or (wanted and wanted not in each):
                what = f"a mapping with {wanted}" if wanted else "a mapping"
                raise malformed(place(f"{section}.{name}"), f"{what} is wanted")
    for name, each in stack.template["Resources"].items():
        if not isinstance(each["Type"], str) or not isinstance(each.get("Properties", {}), Mapping):
            raise malformed(place(f"Resources.{name}"), "a type's name, and a mapping of properties are wanted")


@contextmanager
def well_formed(stack: Stack, logical_id: str) -> Iterator[None]:
    """Whatever a resource lacks that its type must have is an error with its place: templates are edited by hand."""
    try:
        yield
    except (AttributeError, KeyError, IndexError, RecursionError, TypeError, ValueError) as error:
        raise malformed(
            Place(file_of(stack), 0, f"Resources.{logical_id}"),
            f"{logical_id} has another form than CloudFormation takes: {type(error).__name__} {error}",
        ) from error


def malformed(place: Place, message: str) -> InputError:
    """The error of a template that is not as CloudFormation takes it."""
    return InputError(message, place=place, hint="mend the template there, or write it anew: `crosswind synth --out`")

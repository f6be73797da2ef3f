"""A topology as a Mermaid flowchart: for pages that draw Mermaid by themselves, as those of GitHub do."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.report.graph.things import Arrow, ArrowKind, Contents, Kind, Thing, within

__all__ = ["mermaid"]

# Source of the forms: mermaid.js.org/syntax/flowchart.html.
_LINES: dict[ArrowKind, str] = {"assume": "-->", "crr": "==>", "crr-rtc": "==>", "copy": "-.->", "in-place": "-.->"}
_LABELS: dict[ArrowKind, str] = {
    "assume": "assumes a role",
    "crr": "S3 replicates",
    "crr-rtc": "S3 replicates (RTC)",
    "copy": "Airflow copies",
    "in-place": "reads in place",
}
_KINDS: dict[Kind, str] = {"account": "account", "region": "Region", "site": "site"}


def mermaid(contents: Contents) -> str:
    """The flowchart: the same text for the same contents.

    Args:
        contents: what it shows.
    """
    things = tuple(within(contents.accounts))
    # Ids of ours: a declared name may be a word of Mermaid's, such as `end`.
    ids = {thing.key: f"{thing.kind}{number}" for number, thing in enumerate(things, 1)}
    lines = [
        "---",
        f"title: {_quoted(f'Topology {contents.name}')}",
        "---",
        "flowchart LR",
        *(line for account in contents.accounts for line in _thing(account, ids, "  ")),
        *(f"  {_arrow(arrow, ids)}" for arrow in contents.arrows),
    ]
    return "\n".join(lines) + "\n"


def _thing(thing: Thing, ids: dict[str, str], indent: str) -> Iterator[str]:
    name = ids[thing.key]
    if thing.kind in _KINDS:
        title = " ".join(filter(None, (_KINDS[thing.kind], thing.name, thing.note)))
        yield f"{indent}subgraph {name}[{_quoted(title)}]"
        yield f"{indent}  direction TB"
        if not thing.parts:
            yield f"{indent}  {name}empty[{_quoted('no sites')}]"
        for part in thing.parts:
            yield from _thing(part, ids, f"{indent}  ")
        yield f"{indent}end"
        return
    words = (
        f"S3 {thing.name}" if thing.kind == "bucket" else thing.name,
        thing.note,
        *(row.name for row in thing.rows),
    )
    text = _quoted("\n".join(filter(None, words)))
    yield f"{indent}{name}[({text})]" if thing.kind == "bucket" else f"{indent}{name}[{text}]"


def _arrow(arrow: Arrow, ids: dict[str, str]) -> str:
    label = ", ".join(filter(None, (arrow.source.row, _LABELS[arrow.kind])))
    return f"{ids[arrow.source.key]} {_LINES[arrow.kind]}|{_quoted(label)}| {ids[arrow.target.key]}"


def _quoted(text: str) -> str:
    """Text as Mermaid takes it between quotes: no sign in it has a meaning, and a line ends where it should."""
    escaped = "".join(sign if sign.isalnum() or sign in " _-.,()\n" else f"#{ord(sign)};" for sign in text)
    return '"' + escaped.replace("\n", "<br>") + '"'

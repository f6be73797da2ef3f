"""The golden files: what they should be, and how to write them anew.

`python -m tests.golden.regenerate` writes every golden file; the difference is then for a person to review. The tests
in this folder hold the files against the same functions.

- `<topology>/<account>/<region>/<stack>.json`: the templates of each topology in `TOPOLOGIES`.
- `<topology>/owners/<kind>-<name>.json`: what the owners of resources that are there already must add.
- `<topology>/names.json`: the JSON that lies beside its DAGs.
- `graphs/<topology>.svg` and `.mmd`: the picture of the example, and of a topology of 30 sites.
- `errors/`: what the readers of faulty topologies are told; see `error_cases`.
- `docs/reference/roles.md`: what each role of the example may do, and why.
"""

from __future__ import annotations

import sys
from pathlib import Path

from crosswind.cli import wire
from crosswind.report.graph import contents, mermaid, svg
from crosswind.synth import deployer_stacks, inline_sources, names_file, owner_documents, pretty, synth
from crosswind.topology import load, read
from tests.golden import error_cases
from tests.golden.error_cases import ERRORS, told_of_file
from tests.golden.every_key import EVERY_KEY, every_key
from tests.golden.roles_page import roles_page
from tests.golden.thirty_sites import thirty_sites

__all__ = ["ERRORS", "GRAPHS", "HERE", "ROLES", "TOPOLOGIES", "errors", "generated", "graphs", "pages", "stale"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROLES = ROOT / "docs" / "reference" / "roles.md"
GRAPHS = HERE / "graphs"
TOPOLOGIES = {
    "unified_pipelines": ROOT / "examples" / "unified_pipelines" / "crosswind.yaml",
    "customer_keys": HERE / "topologies" / "customer_keys.yaml",
    "movers": HERE / "topologies" / "movers.yaml",
    "scoring": HERE / "topologies" / "scoring.yaml",
    "existing": HERE / "topologies" / "existing.yaml",
    "three_accounts": HERE / "topologies" / "three_accounts.yaml",
    "china": HERE / "topologies" / "china.yaml",
    "govcloud": HERE / "topologies" / "govcloud.yaml",
}


def generated() -> dict[Path, str]:
    """The text of every golden file below a topology's folder."""
    files: dict[Path, str] = {}
    for folder, file in TOPOLOGIES.items():
        topology = load(file)
        sources = {source: (file.parent / source).read_text() for source in inline_sources(topology)}
        for stack in (*synth(topology, sources), *deployer_stacks(topology)):
            path = HERE / folder / stack.account / stack.region / f"{stack.name}.json"
            files[path] = pretty(stack.template)
        for owner in owner_documents(topology):
            files[HERE / folder / owner.file] = pretty(owner.as_dict())
        files[HERE / folder / "names.json"] = pretty(names_file(topology))
    return files


def errors() -> dict[Path, str]:
    """The text of every golden error."""
    whole = {path.with_suffix(".txt"): told_of_file(path) for path in error_cases.whole_files()}
    return {**whole, **error_cases.pages(), EVERY_KEY.with_suffix(".txt"): every_key()}


def graphs() -> dict[Path, str]:
    """The text of every golden picture."""
    shown = {"unified_pipelines": load(TOPOLOGIES["unified_pipelines"]), "movers": load(TOPOLOGIES["movers"])}
    shown["thirty_sites"] = thirty_sites()
    files: dict[Path, str] = {}
    for name, topology in shown.items():
        files[GRAPHS / f"{name}.svg"] = svg(contents(topology))
        files[GRAPHS / f"{name}.mmd"] = mermaid(contents(topology))
    return files


def pages() -> dict[Path, str]:
    """The text of every generated page of the documentation."""
    declared = read(TOPOLOGIES["unified_pipelines"])
    stacks = wire.every_stack(declared.topology, declared.root)
    return {ROLES: roles_page(declared.topology, declared.places, stacks)}


def stale() -> list[Path]:
    """Golden files that nothing generates any more."""
    wanted = set(generated()) | set(errors())
    found = {path for folder in TOPOLOGIES for path in (HERE / folder).rglob("*.json")}
    texts = {path for path in ERRORS.glob("*.txt") if path.name != "requirements.txt"}
    return sorted((found | texts) - wanted)


def main() -> int:
    """Write every golden file, and remove the stale ones."""
    for path in stale():
        path.unlink()
    for path, text in {**generated(), **errors(), **graphs(), **pages()}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

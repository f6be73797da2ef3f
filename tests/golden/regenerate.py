"""The golden files: what they should be, and how to write them anew.

`python -m tests.golden.regenerate` writes every golden file; the difference is then for a person to review. The tests
in this folder hold the files against the same functions.

- `<topology>/<account>/<region>/<stack>.json`: the templates of each topology in `TOPOLOGIES`.
- `<topology>/names.json`: the JSON that lies beside its DAGs.
- `graphs/<topology>.svg` and `.mmd`: the picture of the example, and of a topology of 30 sites.
- `errors/<case>.txt`: what the reader of each faulty `errors/<case>.yaml` is told.
"""

from __future__ import annotations

import sys
from pathlib import Path

from crosswind.errors import TopologyError
from crosswind.report.graph import contents, mermaid, svg
from crosswind.synth import deployer_stacks, inline_sources, names_file, pretty, synth
from crosswind.topology import Declared, check, load, read
from tests.golden.thirty_sites import thirty_sites

__all__ = ["ERRORS", "GRAPHS", "HERE", "TOPOLOGIES", "errors", "generated", "graphs", "stale", "told"]

HERE = Path(__file__).parent
ERRORS = HERE / "errors"
GRAPHS = HERE / "graphs"
TOPOLOGIES = {
    "unified_pipelines": HERE.parents[1] / "examples" / "unified_pipelines" / "crosswind.yaml",
    "customer_keys": HERE / "topologies" / "customer_keys.yaml",
    "movers": HERE / "topologies" / "movers.yaml",
    "scoring": HERE / "topologies" / "scoring.yaml",
    "three_accounts": HERE / "topologies" / "three_accounts.yaml",
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
        files[HERE / folder / "names.json"] = pretty(names_file(topology))
    return files


def errors() -> dict[Path, str]:
    """The text of every golden error."""
    return {path.with_suffix(".txt"): told(path) for path in sorted(ERRORS.glob("*.yaml"))}


def graphs() -> dict[Path, str]:
    """The text of every golden picture."""
    shown = {"unified_pipelines": load(TOPOLOGIES["unified_pipelines"]), "movers": load(TOPOLOGIES["movers"])}
    shown["thirty_sites"] = thirty_sites()
    files: dict[Path, str] = {}
    for name, topology in shown.items():
        files[GRAPHS / f"{name}.svg"] = svg(contents(topology))
        files[GRAPHS / f"{name}.mmd"] = mermaid(contents(topology))
    return files


def told(path: Path) -> str:
    """What the reader of a faulty topology file is told; empty when it is sound."""
    try:
        declared: Declared = read(path)
        faults = check(declared.topology, declared.places, declared.root)
        error = TopologyError.of(faults) if faults else None
    except TopologyError as raised:
        error = raised
    return f"{error}\n".replace(f"{path.parent}/", "") if error else ""


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
    for path, text in {**generated(), **errors(), **graphs()}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"wrote {path.relative_to(HERE)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

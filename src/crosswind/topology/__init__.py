"""The topology: what the user declares in `crosswind.yaml` and the files that it includes. Pure, but for reading them.

Stages:

1. `source` reads a file's text; `document` takes the YAML and gives plain data with the line of every key (`places`),
   and refuses what is no YAML (`syntax`), is there twice, is not seen, or is too large or too deep.
2. `include` reads the files that `include` names, and puts what they declare beside the rest.
3. `model` takes the data and gives frozen pydantic values that forbid unknown keys; `faults` turns pydantic's
   errors into faults with file, line, valid keys and what was probably meant (`forms`, `wording`).
4. `check` holds the values against the rules between objects (`rules_*`, one function a rule).
5. `names` gives the AWS names that follow.

`load` does 1 to 4 and raises one `TopologyError` with every fault, in file order. It raises nothing else.

May not: know AWS clients, templates or policies; change a file.
"""

from crosswind.topology.check import check
from crosswind.topology.load import Declared, load, parse_topology, read
from crosswind.topology.model import Intervals, Topology
from crosswind.topology.names import Names

__all__ = ["Declared", "Intervals", "Names", "Topology", "check", "load", "parse_topology", "read"]

"""The topology: what the user declares in `crosswind.yaml`. Pure, except that `load` reads the file.

Stages:

1. `places` takes YAML text and gives plain data with the line of every key; it refuses duplicate keys,
   unknown tags, and documents that are too large or too deep.
2. `model` takes the data and gives frozen pydantic values that forbid unknown keys; `faults` turns pydantic's
   errors into faults with file, line, valid keys and what was probably meant.
3. `check` holds the values against the rules between objects (`rules_*`, one function a rule).
4. `names` gives the AWS names that follow.

`load` does 1 to 3 and raises one `TopologyError` with every fault, in file order. It raises nothing else.

May not: know AWS clients, templates or policies; change a file.
"""

from crosswind.topology.check import check
from crosswind.topology.load import Declared, load, parse_topology, read
from crosswind.topology.model import Intervals, Topology
from crosswind.topology.names import Names

__all__ = ["Declared", "Intervals", "Names", "Topology", "check", "load", "parse_topology", "read"]

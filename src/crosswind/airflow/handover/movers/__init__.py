"""How a handover's objects get to their destination: the declared choice behind one protocol.

- `model`: what every mover can do, and the two that have nothing to move: S3 replicates (`crr`, `crr-rtc`), or the
  data is read where it is (`in-place`).
- `copy`: each object is copied by the destination's role; the copy gets a version id of its own.
- `parts`: one object in parts, resumable, for what is larger than a single copy may be.
- `record`: `arrival.json` at the destination, which version there is the copy of which at the source.
- `choice`: the mover of a declared name.

May not: decide whether a handover has arrived (`crosswind.airflow.handover.arrival` does).
"""

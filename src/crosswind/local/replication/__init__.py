"""S3 replication: keeps the configurations, watches the writes, and copies under the rule's role.

A write to a bucket with a matching rule is PENDING at once. A thread of its own then does what S3 does: with a
session of the rule's role it reads the version at the source and writes the replica at the destination, each
implied call authorized and logged. The source ends as COMPLETED, or as FAILED with the reason in the request
log, and in an event where the bucket's notifications ask for it; the replica says REPLICA. Not replicated: what was
there before the configuration, a replica, the deletion of a version. A change in the tags of a replica goes back where
a rule of its bucket has `ReplicaModifications`; access lists and object locks do not.

- `service` is what stands behind the edge; `rules` says which configurations S3 takes and which rules a version meets.
- `worker` is the thread, `steps` what S3 does for one version.
- `failures` gives S3's code for what went wrong; `events` keeps notification configurations, and sends `messages`.
- `holds`: replicas held back, lost, late or failed on demand, for tests and demonstrations.
"""

from crosswind.local.replication.service import Replication

__all__ = ["Replication"]

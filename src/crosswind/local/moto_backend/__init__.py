"""moto behind the edge: the one package that knows moto's internals (moto is pinned exactly).

moto keeps the state of the services that are not ours. Two ways lead into it:

- `backend.MotoBackend` carries a call out: `applications` hands it to moto's own WSGI application of the service, in
  this process, with the account that the edge decided on; `wsgi` writes the call as WSGI has it and reads the answer.
- What the edge, replication, the engines and the authorizer must know of moto's state is read from its models:
  `buckets` (objects, replicas with a given version id), `identities` (roles, access keys), `jobs` (Glue, Lambda);
  for decisions `attached` (policies of users and roles), `guarded` (resource policies), `keys` (KMS),
  `organizations` (SCPs, RCPs), `facts` and `resource_tags`. Reads for decisions happen on every request: they give
  documents as they are stored, copy containers before they walk them, and import no service that nobody uses.
  It is written only where no API of moto does it: `amendments` after a call, `managed` for AWS's own policies,
  `queues` for what S3 sends.
- Where moto's S3 is not S3's: `preconditions` (conditional writes and copies, as one step), `checksums` (verified and
  kept; `crc` computes what Python lacks), `listings` (versions, uploads, parts, attributes, answered here).

`locks` holds one lock a service and account, since moto has none.

May not: decide anything. Who may do what is the authorizer's; which account a call works on is the edge's.
"""

from __future__ import annotations

import os

# moto reads these at import, so they are set before any module of this package is.
# Cross-origin answers would let a web page in the user's browser read the world.
os.environ.setdefault("MOTO_DISABLE_GLOBAL_CORS", "true")
# Thousands of machine images that nobody here asks for.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

# isort: split
from crosswind.local.moto_backend.backend import MotoBackend
from crosswind.local.moto_backend.buckets import ObjectVersion

__all__ = ["MotoBackend", "ObjectVersion"]

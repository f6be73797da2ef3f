"""The seam to AWS.

`sessions` makes every boto3 client that the rest of Crosswind uses, one for a (service, account, region), and
asserts before the first use that the credentials act in the declared account. `translate` turns botocore's
errors into the tree of `crosswind.errors`, in one context manager. Nothing else here knows boto3, except what
receives a client.

May not: read the topology, decide what to call, print.
"""

from crosswind.aws.sessions import AwsSessions, Identity, Sessions
from crosswind.aws.translate import translated

__all__ = ["AwsSessions", "Identity", "Sessions", "translated"]

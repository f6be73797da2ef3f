"""AWS's wire protocols, from botocore's own service models; for the server's side.

Stages:

- `models` loads a service model; `signing` says which services share a signing name.
- `resolve` names the operation of a request: `X-Amz-Target`, `Action`, or method, path, query and headers.
- `parse_input` turns a request into the input in botocore's shape (`parse`, with `query_tree` for query and ec2,
  `xml_read` for rest-xml, `scalars` for single values).
- `serialize_output` turns an operation's output into a response (`serialize`, with `xml_write`).
- `serialize_error` puts an error into the form that the protocol gives it (`errors`).

Spoken: query, ec2, json 1.0 and 1.1, rest-json, rest-xml. Smithy RPC v2 CBOR and event streams are refused.

May not: know what an operation does, or touch state.
"""

from crosswind.local.protocol.errors import error_in, protocol_in, serialize_error
from crosswind.local.protocol.models import protocol_of_signing_name, service_model
from crosswind.local.protocol.parse import parse_input, require
from crosswind.local.protocol.resolve import resolve_operation
from crosswind.local.protocol.serialize import serialize_output

__all__ = [
    "error_in",
    "parse_input",
    "protocol_in",
    "protocol_of_signing_name",
    "require",
    "resolve_operation",
    "serialize_error",
    "serialize_output",
    "service_model",
]

"""The edge: every AWS call of the local world passes here.

Stages of one request, each in a module:

- `http11` reads bytes into an `HttpRequest` and writes an `HttpResponse`; `server` listens and has the threads.
- `addressing` strips what a client may not send and brings S3's virtual-hosted style into path style.
- `scope` reads the credential scope (access key, Region, signing name) from a header or a presigned query.
- `signature` checks that the key's own secret made the signature: over the request in the form that `canonical` gives
  it, and over each of its `chunks` when the body is a signed stream. Not for a root key, which is an account id.
- `aws_chunked` takes the transfer coding of such a body off, for who needs the object itself.
- `edge.Edge` identifies, resolves, authorizes, calls, decorates, runs the hooks, logs.
- `refusals` holds AWS's own words for a key that is not known and a signature that is wrong; `resources` names the
  resource for the log.
- `routes` answers the world's own paths below `/_crosswind/`.

`call` holds the contract between the edge and the services behind it; `backend` what the edge asks of moto.

May not: know any one service's meaning (but S3's bucket ownership), or touch moto.
"""

"""Crosswind's IAM decision held against an independent engine: `make iam-fuzz`.

The stages, each a module:

1. `grammar` makes a random case: two accounts, one request, and policies that are near misses or hits. It takes a
   seeded `random.Random` and gives a case of the case form; the same seed gives the same cases.
2. `oracle` installs the engine with npm below `.crosswind/cache` and asks it, by `adapter.mjs`, through a pipe. The
   engine is licensed AGPL-3.0-or-later: it runs as a program of its own, is never imported, copied or shipped.
3. `subject` asks `crosswind.iam.decide`.
4. `minimize` makes a case on which the two differ as small as it gets.
5. `settled` says whether a difference is of a kind that an AWS documentation page settled (`settled.json`).
6. `fuzz` runs it all, and fails on a difference that is not settled.

Nothing of this is imported by the product, nor run by `pytest tests` (but the small tests of these modules are).
"""

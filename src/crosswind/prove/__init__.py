"""Least privilege, proven: the policies suffice for every flow, and none of them is spare. Pure, no endpoint.

Stages:

1. `template_values`, with `physical_ids`, resolves templates' intrinsic functions to the real names, and `fed_stacks`
   feeds them from each other; `document_reader` reads out of them all `documents`, each statement with its place.
2. `flows` holds the tables: one `Flow` for each right that an operator, a job, a service or a deploy step needs, with
   its evidence. They follow from the topology by tables of their own, never from what synth derives. `estate` gives the
   real names that they are about, `principals` the roles under which all act.
3. `judge` decides a flow under the documents with `crosswind.iam`.
4. `needed`, with `elements`, reads from the decisions which statements, and which texts in them, a flow needs.
5. `refusals` generates what must be refused.
6. `proof` puts it together, and gives the `uses` of each statement; `telling` makes a `Finding` of each difference;
   `exceptions` lists what stands for a reason.

`observed` holds the flows that are marked so against what a run has really asked of IAM.

May not: read files, know AWS clients, look at how synth makes statements.
"""

from crosswind.prove.document_reader import read_documents
from crosswind.prove.documents import Documents, Origin
from crosswind.prove.exceptions import EXCEPTIONS, UNBOUND
from crosswind.prove.finding import Excepted, Finding, FindingKind, Proof
from crosswind.prove.flow import Evidence, Flow
from crosswind.prove.proof import prove, uses
from crosswind.prove.template_form import file_of
from crosswind.prove.uses import Call, Use

__all__ = [
    "EXCEPTIONS",
    "UNBOUND",
    "Call",
    "Documents",
    "Evidence",
    "Excepted",
    "Finding",
    "FindingKind",
    "Flow",
    "Origin",
    "Proof",
    "Use",
    "file_of",
    "prove",
    "read_documents",
    "uses",
]

"""What is special about KMS keys: grants, and which operations other accounts may use at all.

docs.aws.amazon.com/kms/latest/developerguide/grants.html and key-policy-modifying-external-accounts.html
"""

from __future__ import annotations

from crosswind.iam.context import Question
from crosswind.iam.policy import KmsGrant
from crosswind.iam.principals import Principals
from crosswind.iam.request import PrincipalKind

__all__ = ["across_accounts", "granting", "is_key"]

_PREFIX = "kms:"
_CONTEXT = "kms:encryptioncontext:"
_ACROSS = frozenset(
    {
        "kms:creategrant",
        "kms:decrypt",
        "kms:derivesharedsecret",
        "kms:describekey",
        "kms:encrypt",
        "kms:generatedatakey",
        "kms:generatedatakeypair",
        "kms:generatedatakeypairwithoutplaintext",
        "kms:generatedatakeywithoutplaintext",
        "kms:generatemac",
        "kms:getkeyrotationstatus",
        "kms:getpublickey",
        "kms:listgrants",
        "kms:reencryptfrom",
        "kms:reencryptto",
        "kms:retiregrant",
        "kms:revokegrant",
        "kms:sign",
        "kms:verify",
        "kms:verifymac",
    }
)


def is_key(resource: str) -> bool:
    """Whether an ARN is a key's; aliases, `*` and a key that is yet to be made have no policy of their own."""
    parts = resource.split(":", 5)
    return len(parts) == 6 and parts[2] == "kms" and parts[5].startswith("key/") and parts[5] != "key/*"


def across_accounts(action: str) -> bool:
    """Whether a principal of another account may use an operation of KMS.

    Args:
        action: in lower case.
    """
    return action in _ACROSS


def granting(grants: tuple[KmsGrant, ...], question: Question) -> KmsGrant | None:
    """The first grant that allows the question; None when none does.

    Args:
        grants: of the key.
        question: completed.
    """
    if not question.action.startswith(_PREFIX):
        return None
    operation = question.action.removeprefix(_PREFIX)
    context = {key.removeprefix(_CONTEXT): value for key, value in question.values.items() if key.startswith(_CONTEXT)}
    for grant in grants:
        if (
            any(each.lower() == operation for each in grant.operations)
            and _means(grant, question)
            and _constrained(grant, context)
        ):
            return grant
    return None


def _means(grant: KmsGrant, question: Question) -> bool:
    principal = question.request.principal
    if principal.kind is PrincipalKind.ANONYMOUS:
        return False
    kind = "AWS" if ":" in grant.grantee else "Service"
    return Principals([(kind, grant.grantee)], {}).grantee(principal) is not None


def _constrained(grant: KmsGrant, context: dict[str, str | tuple[str, ...]]) -> bool:
    """Whether the encryption context meets the constraints; keys came in lower case."""
    equals = {key.lower(): value for key, value in grant.equals.items()}
    subset = {key.lower(): value for key, value in grant.subset.items()}
    return (not equals or equals == context) and subset.items() <= context.items()

"""What moto leaves out of operations that bear on permissions, added where the call goes through."""

from __future__ import annotations

import re

from crosswind.local.edge.call import Call, HttpResponse, ServiceError
from crosswind.local.moto_backend.attached import AttachedPolicies
from crosswind.local.moto_backend.guarded import used
from crosswind.local.moto_backend.identities import iam_of
from crosswind.local.moto_backend.managed import lend, lend_named
from crosswind.local.moto_backend.organizations import Organizations, root_of
from crosswind.local.partitions import partition_of

__all__ = ["Amendments"]

_POLICY = re.compile(r"arn:[a-z-]+:iam::(\d{12}|aws):policy/\S+")
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class Amendments(Organizations, AttachedPolicies):
    """Runs before and after moto."""

    def amend_before(self, call: Call) -> None:
        """Make ready what moto will look for, and refuse what it would let pass.

        Raises:
            ServiceError: `PolicyTypeNotEnabledException`, `NoSuchEntity`.
        """
        lend_named(call)
        if call.service == "iam" and call.parameters.get("PermissionsBoundary"):
            self._check_there(call.account, str(call.parameters["PermissionsBoundary"]))
        if (call.service, call.operation) == ("organizations", "AttachPolicy"):
            self._check_enabled(call.account, str(call.parameters.get("PolicyId", "")))

    def amend_after(self, call: Call, response: HttpResponse) -> None:
        """Complete what moto did."""
        if response.status >= 300:
            return
        if (call.service, call.operation) == ("iam", "CreateUser") and "PermissionsBoundary" in call.parameters:
            self.set_user_boundary(
                call.account,
                partition_of(call.region),
                call.parameters["UserName"],
                call.parameters["PermissionsBoundary"],
            )
        elif (call.service, call.operation) == ("organizations", "CreateOrganization"):
            self._enable_scps(call.account)
        elif (call.service, call.operation) == ("organizations", "CreateAccount"):
            self._let_administer(call.account, call.parameters.get("RoleName") or "OrganizationAccountAccessRole")

    def _check_there(self, account: str, boundary: str) -> None:
        if not _POLICY.fullmatch(boundary) or self.managed_policy(account, boundary) is not None:
            return  # moto refuses what is no policy's ARN
        raise ServiceError("NoSuchEntity", f"Scope ARN: {boundary} does not exist or is not attachable.", 404)

    def _check_enabled(self, account: str, policy: str) -> None:
        root, kind = self.organization_root(account), self.policy_type(account, policy)
        if root is not None and kind and kind not in root[1]:
            text = "This operation can be performed only for enabled policy types."
            raise ServiceError("PolicyTypeNotEnabledException", text, 400)

    def _enable_scps(self, account: str) -> None:
        # docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganization.html: with all features,
        # service control policies are enabled in the root from the beginning.
        root = root_of(used("organizations", "organizations_backends")[account]["aws"])
        if root is not None and not root.policy_types:
            root.add_policy_type("SERVICE_CONTROL_POLICY")

    def _let_administer(self, management: str, role: str) -> None:
        # docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html: the role has full
        # administrative permissions in the created account.
        accounts = used("organizations", "organizations_backends")[management]["aws"].accounts
        made = accounts[-1].id
        backend = iam_of(made, "aws")
        if backend is not None:
            lend(made, _ADMINISTRATOR)
            backend.attach_role_policy(_ADMINISTRATOR, role)

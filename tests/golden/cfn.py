"""What cfn-lint says of a template. Its rules are loaded once, which takes longer than holding a template to them."""

from __future__ import annotations

from functools import lru_cache

from cfnlint.config import ConfigMixIn
from cfnlint.decode.decode import decode_str
from cfnlint.rules import RulesCollection
from cfnlint.runner import Runner, run_template_by_data

__all__ = ["NOWHERE", "said"]

NOWHERE = "E3006 Resource type 'AWS::MWAA::Environment' does not exist in"
"""Let pass in GovCloud alone: AWS has no MWAA there, says cfn-lint, and botocore's list of endpoints with it."""


def said(text: str, region: str) -> list[str]:
    """All that cfn-lint finds in a template.

    Args:
        text: of the template, as JSON.
        region: where it is to be launched.

    Returns:
        One line a finding: the rule, the message and the path; without `NOWHERE` in GovCloud.
    """
    template, errors = decode_str(text)
    config = ConfigMixIn([], regions=[region])
    found = errors or list(run_template_by_data(template, config, _rules()))
    lines = [f"{match.rule.id} {match.message} at {match.path}" for match in found]
    return [line for line in lines if not (region.startswith("us-gov-") and line.startswith(NOWHERE))]


@lru_cache(maxsize=1)
def _rules() -> RulesCollection:
    return Runner(ConfigMixIn([])).rules

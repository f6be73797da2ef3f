"""AWS's partitions, told from a Region's name.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

__all__ = ["partition_of", "url_suffix"]


def partition_of(region: str) -> str:
    """The partition of a Region: `aws`, `aws-cn` or `aws-us-gov`."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def url_suffix(region: str) -> str:
    """The domain of a Region's services, `AWS::URLSuffix`: `amazonaws.com` or `amazonaws.com.cn`."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"

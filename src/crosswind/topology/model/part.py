"""What every part of the file has in common, and the forms of its texts."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

__all__ = [
    "AccountId",
    "BucketName",
    "FileName",
    "FolderRef",
    "KeyArn",
    "Name",
    "Part",
    "RegionName",
    "RoleArn",
    "RoleName",
]

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
RegionName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")]
FolderRef = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*/[^/\s]\S*$")]
"""`bucket/folder`, both as declared."""
FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
KeyArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$")
]
RoleArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}$")
]
RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@/-]{0,512}$")]


class Part(BaseModel):
    """A part of the file: frozen, strict, without keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

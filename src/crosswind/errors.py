"""Every error that Crosswind raises, in one tree.

```
CrosswindError                 CW000  anything below; exit code 1
├── InputError                 CW100  bad input; exit code 2, nothing was changed
│   ├── TopologyError          CW101  crosswind.yaml: unknown key, undeclared name, broken rule
│   ├── UsageError             CW102  a command line that cannot be carried out
│   └── NotBootstrappedError   CW103  an account has no permissions boundaries yet
├── AwsError                   CW200  an AWS call failed, translated at one border (crosswind.aws)
│   ├── AccessDeniedError      CW201  the identity may not do this
│   ├── ThrottledError         CW202  too many requests; may be tried again
│   ├── NotFoundError          CW203  the thing named does not exist
│   ├── ConflictError          CW204  it exists already, or is busy
│   ├── UnreachableError       CW205  no answer, or a failure of the service itself; may be tried again
│   └── WrongAccountError      CW206  credentials act in another account than declared
├── DeployError                CW300  a step of a plan failed
│   └── StackError             CW301  a stack ended in a failed state
├── RunError                   CW400  a pipeline run failed
│   └── RunTimeoutError        CW401  a pipeline run did not end in time
└── WorldError                 CW500  the local world
    ├── PortInUseError         CW501  another process listens there
    ├── WorldDownError         CW502  no local world answers
    ├── AirflowStartError      CW503  Airflow did not come up
    └── UnsupportedError       CW504  the local world cannot do this truthfully, so it refuses
```

Each error says what is wrong (`message`), where (`place`) and what to do next (`hint`).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AccessDeniedError",
    "AirflowStartError",
    "AwsError",
    "ConflictError",
    "CrosswindError",
    "DeployError",
    "InputError",
    "NotBootstrappedError",
    "NotFoundError",
    "Place",
    "PortInUseError",
    "RunError",
    "RunTimeoutError",
    "StackError",
    "ThrottledError",
    "TopologyError",
    "UnreachableError",
    "UnsupportedError",
    "UsageError",
    "WorldDownError",
    "WorldError",
    "WrongAccountError",
]


@dataclass(frozen=True, order=True)
class Place:
    """Where an error is: a file, a line (from 1; 0 when unknown) and a key path such as `jobs.train.site`."""

    file: str = ""
    line: int = 0
    path: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where} {self.path}".strip()


class CrosswindError(Exception):
    """Any error of ours.

    Args:
        message: what is wrong, with the valid values where there is a list of them.
        place: where, as precisely as known.
        hint: the next step for the reader.
    """

    code = "CW000"
    exit_code = 1

    def __init__(self, message: str, *, place: Place | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place or Place()
        self.hint = hint

    def __str__(self) -> str:
        place = str(self.place)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}\n  next: {self.hint}" if self.hint else text


class InputError(CrosswindError):
    """Bad input; nothing was changed."""

    code = "CW100"
    exit_code = 2


class TopologyError(InputError):
    """One or several faults of a topology file, in file order.

    At most 100 are told: a file with more has one cause, and the first tell it.

    Args:
        faults: the faults, when there are several; each is a TopologyError of its own.
    """

    code = "CW101"
    MOST = 100

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        hint: str = "",
        faults: tuple[TopologyError, ...] = (),
    ) -> None:
        super().__init__(message, place=place, hint=hint)
        self.faults = faults

    @classmethod
    def of(cls, faults: list[TopologyError]) -> TopologyError:
        """Gather faults into one error, sorted by place."""
        ordered = tuple(sorted(faults, key=lambda fault: fault.place))
        if len(ordered) == 1:
            return ordered[0]
        if len(ordered) > cls.MOST:
            more = cls(f"there are more faults; these are the first {cls.MOST}", hint="mend them, then look again")
            ordered = (*ordered[: cls.MOST], more)
        return cls("\n".join(str(fault) for fault in ordered), faults=ordered)


class UsageError(InputError):
    """A command line that cannot be carried out."""

    code = "CW102"


class NotBootstrappedError(InputError):
    """An account has no permissions boundaries yet, which every role needs; nothing was changed."""

    code = "CW103"


class AwsError(CrosswindError):
    """An AWS call failed.

    Args:
        aws_code: the service's own error code, such as `AccessDenied`; empty when none came.
        operation: `service:Operation`, such as `s3:GetObject`.
    """

    code = "CW200"

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        hint: str = "",
        aws_code: str = "",
        operation: str = "",
    ) -> None:
        super().__init__(message, place=place, hint=hint)
        self.aws_code = aws_code
        self.operation = operation


class AccessDeniedError(AwsError):
    """The identity may not do this."""

    code = "CW201"


class ThrottledError(AwsError):
    """Too many requests; may be tried again."""

    code = "CW202"


class NotFoundError(AwsError):
    """The thing named does not exist."""

    code = "CW203"


class ConflictError(AwsError):
    """It exists already, or is busy."""

    code = "CW204"


class UnreachableError(AwsError):
    """No answer from the endpoint, or a failure of the service itself; may be tried again."""

    code = "CW205"


class WrongAccountError(AwsError):
    """Credentials act in another account than the one declared."""

    code = "CW206"


class DeployError(CrosswindError):
    """A step of a plan failed."""

    code = "CW300"


class StackError(DeployError):
    """A stack ended in a failed state."""

    code = "CW301"


class RunError(CrosswindError):
    """A pipeline run failed."""

    code = "CW400"


class RunTimeoutError(RunError):
    """A pipeline run did not end in time."""

    code = "CW401"


class WorldError(CrosswindError):
    """The local world failed."""

    code = "CW500"


class PortInUseError(WorldError):
    """Another process listens on the port."""

    code = "CW501"


class WorldDownError(WorldError):
    """No local world answers."""

    code = "CW502"


class AirflowStartError(WorldError):
    """Airflow did not come up."""

    code = "CW503"


class UnsupportedError(WorldError):
    """The local world cannot do this truthfully, so it refuses."""

    code = "CW504"

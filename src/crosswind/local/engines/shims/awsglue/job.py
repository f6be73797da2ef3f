"""Job begin and end. There are no bookmarks in the local world, so there is no state to commit."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Job"]


class Job:
    """A Glue job as the script sees it.

    Args:
        glue_context: the GlueContext.
    """

    def __init__(self, glue_context: object) -> None:
        self.glue_context = glue_context
        self._began = False

    def init(self, _job_name: str, _args: Mapping[str, str] | None = None) -> None:
        """Begin."""
        self._began = True

    def commit(self) -> None:
        """End.

        Raises:
            RuntimeError: `init` was not called.
        """
        if not self._began:
            raise RuntimeError("Job.commit() was called before Job.init()")

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotImplementedError(f"Job.{name} is not available in the local world: it keeps no bookmarks")

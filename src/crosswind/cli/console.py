"""The only place that prints. Data goes to standard output, progress and errors to standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from crosswind.deploy import Document, TaskInstance
from crosswind.errors import CrosswindError, TopologyError
from crosswind.report.paragraph import Paragraph

__all__ = ["Console"]

# Wider lines are hard to read.
_COLUMNS = 100


class Console:
    """Prints for people or, with `as_json`, for programs.

    Args:
        as_json: print data as one JSON document and keep progress quiet.
        out: where data goes; standard output by default.
        progress: where progress goes; standard error by default.
    """

    def __init__(
        self, *, as_json: bool = False, out: RichConsole | None = None, progress: RichConsole | None = None
    ) -> None:
        self.as_json = as_json
        self._status: Status | None = None
        # No emoji: rich takes the `:secret:` of a secret's ARN for one.
        self._out = out or RichConsole(soft_wrap=True, highlight=False, emoji=False)
        self._progress = progress or RichConsole(stderr=True, soft_wrap=True, highlight=False, emoji=False)

    @property
    def width(self) -> int:
        """How many columns a line of text may have: the terminal's, at most 100; elsewhere 100."""
        return min(self._out.width, _COLUMNS) if self._out.is_terminal else _COLUMNS

    def data(self, document: Mapping[str, Any]) -> None:
        """Print one JSON document with sorted keys, whatever the mode."""
        sys.stdout.write(json.dumps(document, indent=2, sort_keys=True, default=str) + "\n")

    def record(self, document: Mapping[str, Any]) -> None:
        """Print one line of JSON with sorted keys at once: one of many, as they come."""
        sys.stdout.write(json.dumps(document, sort_keys=True, default=str) + "\n")
        sys.stdout.flush()

    def line(self, text: str = "", style: str = "") -> None:
        """Print a line of the result."""
        if not self.as_json:
            self._out.print(escape(text), style=style or None)

    def text(self, text: str) -> None:
        """Print a text of many lines as it is, such as a picture: it may be the content of a file."""
        sys.stdout.write(text)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table: boxed on a terminal, aligned plain columns elsewhere."""
        if self.as_json:
            return
        if not self._out.is_terminal:
            self._plain_table(title, columns, rows)
            return
        table = Table(title=escape(title) or None, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, style="", header_style="dim", overflow="fold")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self._out.print(table)

    def paragraph(self, paragraph: Paragraph) -> None:
        """Print a paragraph, its headline in bold."""
        headline, *lines = paragraph.lines()
        self.line(headline, style="bold")
        for line in lines:
            self.line(line)

    def document(self, document: Document) -> None:
        """Print a plan."""
        if document.rows:
            self.table("plan", document.columns, document.rows)
        else:
            self.line("plan: nothing to do")
        for message in document.notes:
            self.line(f"  {message}")

    def note(self, text: str, style: str = "dim") -> None:
        """Print a line of progress."""
        if not self.as_json:
            self._progress.print(escape(text), style=style)

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """Show that `title` is going on, then how long it took; a spinner on a terminal, lines elsewhere."""
        if self.as_json:
            yield
            return
        began = time.monotonic()
        if self._progress.is_terminal:
            with self._progress.status(escape(title)) as self._status:
                yield
            self._status = None
        else:
            self._progress.print(f"  ... {escape(title)}")
            yield
        self._progress.print(f"  [green]ok[/green]  {escape(title)} ({time.monotonic() - began:.1f} s)")

    def busy(self, text: str) -> None:
        """Say beside the spinner of the phase what is being waited for; nothing elsewhere than on a terminal."""
        if self._status is not None:
            self._status.update(escape(text))

    def task(self, task: TaskInstance) -> None:
        """Print a task that ended."""
        style = "dim" if task.state == "success" else "red"
        seconds = max(task.ended - task.started, 0.0)
        self.note(f"  {task.state}  {task.pipeline}  {task.task} ({seconds:.1f} s)", style=style)

    def error(self, error: CrosswindError) -> None:
        """Print an error: what, where, and the next step."""
        if self.as_json:
            self.data({"schema_version": 1, "errors": [_error_data(each) for each in _each(error)]})
            return
        for each in _each(error):
            where = f"{each.place}: " if str(each.place) else ""
            self._progress.print(f"[red]error[/red] {escape('[' + each.code + ']')} {escape(where + each.message)}")
            if each.hint:
                self._progress.print(f"  [dim]next:[/dim] {escape(each.hint)}")

    def _plain_table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if title:
            self._out.print(escape(title))
        widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
        for row in (columns, *rows):
            text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            self._out.print(escape(f"  {text}"))


def _each(error: CrosswindError) -> Sequence[CrosswindError]:
    """The faults of a topology error, or the error itself."""
    return error.faults or [error] if isinstance(error, TopologyError) else [error]


def _error_data(error: CrosswindError) -> dict[str, Any]:
    """An error as data."""
    return {
        "code": error.code,
        "message": error.message,
        "file": error.place.file,
        "line": error.place.line,
        "path": error.place.path,
        "next": error.hint,
    }

"""Which statements, and which texts in them, the flows need: those without which one of them fails.

Nothing is decided anew for each: it is read from the decisions' traces. In a layer whose Allow a flow needs, a
statement is needed when it is the only one that allows; and of its actions, resources, principals and values of a
condition each that alone means the flow. A Deny is needed when a flow that must be refused would be allowed without it;
a value of its condition, when a flow would be refused without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from crosswind.iam import Decision, Layer, LayerResult, Statement, StatementResult, Verdict
from crosswind.iam.variables import Values
from crosswind.prove.documents import Document, Documents
from crosswind.prove.elements import WHOLE, Element, Kind, Parts, covers, held, parts_of
from crosswind.prove.flow import Flow, pattern_of

__all__ = ["Atom", "Ledger", "Need"]


@dataclass(frozen=True, eq=False)
class Atom:
    """An element of a statement of a document.

    Attributes:
        document: which.
        index: the statement's, in the document as it was resolved.
        element: which.
    """

    document: Document
    index: int
    element: Element

    @property
    def statement(self) -> Statement:
        """The statement."""
        return self.document.policy.statements[self.index]


@dataclass(eq=False)
class Need:
    """What is known of the need for one element.

    Attributes:
        flow: one that fails without it; None as long as there is none.
        used: one that it means, though others do so too.
        beside: the statement that allows the same.
        covered: whether it means no more than some flow that it allows; for those with a wildcard.
    """

    flow: Flow | None = None
    used: Flow | None = None
    beside: Statement | None = None
    covered: bool = False


@dataclass(eq=False)
class Ledger:
    """The needs of all elements of all documents, filled flow by flow.

    Args:
        documents: of all stacks.
        keep: whether to keep every flow that uses an element, and not just one.
    """

    documents: Documents
    keep: bool = False
    _parts: dict[int, Parts] = field(default_factory=dict)
    _needs: dict[tuple[int, Element], Need] = field(default_factory=dict)
    _users: dict[tuple[int, Element], list[Flow]] = field(default_factory=dict)

    def allowed(self, decision: Decision, flows: Sequence[Flow]) -> None:
        """Enter a decision that allowed some flows, all of which ask the same.

        Args:
            decision: the answer, with its statements.
            flows: those that are allowed.
        """
        values = _values(decision)
        for layer in decision.layers:
            if not layer.statements:
                continue
            matched = [each for each in layer.statements if each.matched and each.statement.effect == "Allow"]
            if layer.verdict is Verdict.ALLOW and _decides(decision, layer):
                self._enter(matched, decision, values, flows)
            elif matched:
                self._touch(matched, decision, values, flows)
            self._spared(layer.statements, values, flows[0])

    def refused(self, decision: Decision, flow: Flow, without: Iterable[Statement]) -> None:
        """Enter a decision that refused a flow by a Deny.

        Args:
            decision: the answer, with its statements.
            flow: which must be refused.
            without: the Deny without which it would be allowed.
        """
        values = _values(decision)
        needed = set(map(id, without))
        for layer in decision.layers:
            matched = [each for each in layer.statements if each.matched and id(each.statement) in needed]
            for result in matched:
                self._need(result.statement, WHOLE).flow = flow
                self._use(result.statement, WHOLE, (flow,))
                for means in self._meaning(result.statement, decision, values):
                    if len(means) == 1:
                        self._need(result.statement, means[0]).flow = flow
                        self._use(result.statement, means[0], (flow,))

    def atoms(self) -> Iterator[tuple[Atom, Need]]:
        """Every element of every document, each with its need; of boundaries none, which cap more than is there."""
        for document in self.documents.all(boundaries=False):
            for index, statement in enumerate(document.policy.statements):
                for element in self._of(statement).elements:
                    yield Atom(document, index, element), self._need(statement, element)

    def users(self, statement: Statement, element: Element) -> Sequence[Flow]:
        """The flows that an element allows, or that a Deny refuses, in order; none unless they are kept."""
        return self._users.get((id(statement), element), ())

    def elements(self, statement: Statement) -> Sequence[Element]:
        """The elements of a statement, itself first."""
        return self._of(statement).elements

    def _enter(
        self, matched: Sequence[StatementResult], decision: Decision, values: Values, flows: Sequence[Flow]
    ) -> None:
        if len(matched) > 1:
            self._touch(matched, decision, values, flows)
            return
        for result in matched:
            statement = result.statement
            self._claim(statement, WHOLE, flows, alone=True)
            for means in self._meaning(statement, decision, values):
                for element in means:
                    self._claim(statement, element, flows, alone=len(means) == 1)
            for element in self._of(statement).conditional(values):
                self._claim(statement, element, flows, alone=True)

    def _touch(
        self, matched: Sequence[StatementResult], decision: Decision, values: Values, flows: Sequence[Flow]
    ) -> None:
        """Statements none of which is needed, since another allows too."""
        for result in matched:
            statement = result.statement
            other = next((each.statement for each in matched if each is not result), None)
            self._claim(statement, WHOLE, flows, alone=False, beside=other)
            for means in self._meaning(statement, decision, values):
                for element in means:
                    self._claim(statement, element, flows, alone=False, beside=other)
            for element in self._of(statement).conditional(values):
                self._claim(statement, element, flows, alone=False, beside=other)

    def _claim(
        self,
        statement: Statement,
        element: Element,
        flows: Sequence[Flow],
        *,
        alone: bool,
        beside: Statement | None = None,
    ) -> None:
        need = self._need(statement, element)
        self._use(statement, element, flows)
        need.used = need.used or flows[0]
        if alone and need.flow is None:
            need.flow = flows[0]
        need.beside = need.beside or beside
        if not need.covered:
            need.covered = _itself(statement, element) or any(_within(element, flow) for flow in flows)

    def _use(self, statement: Statement, element: Element, flows: Iterable[Flow]) -> None:
        if self.keep:
            self._users.setdefault((id(statement), element), []).extend(flows)

    def _spared(self, results: Sequence[StatementResult], values: Values, flow: Flow) -> None:
        """Values of a Deny's conditions without which it would refuse the flow."""
        for result in results:
            if result.statement.effect == "Deny" and held(result):
                unmet = [each for each in result.conditions or () if not each.met]
                if len(unmet) == 1:
                    name = f"{unmet[0].operator} {unmet[0].key}"
                    for element in self._of(result.statement).conditional(values):
                        if element.key == name:
                            self._need(result.statement, element).flow = flow

    def _meaning(self, statement: Statement, decision: Decision, values: Values) -> Iterable[tuple[Element, ...]]:
        request = decision.request
        return self._of(statement).meaning(request.action.lower(), request.resource, request.principal, values)

    def _of(self, statement: Statement) -> Parts:
        found = self._parts.get(id(statement))
        if found is None:
            found = self._parts[id(statement)] = parts_of(statement)
        return found

    def _need(self, statement: Statement, element: Element) -> Need:
        key = (id(statement), element)
        found = self._needs.get(key)
        if found is None:
            found = self._needs[key] = Need(covered=not (_has_wildcard(element) or _is_negated(statement, element)))
        return found

    @cached_property
    def statements(self) -> dict[int, Atom]:
        """Where each statement stands, by its identity."""
        return {
            id(statement): Atom(document, index, WHOLE)
            for document in self.documents.all()
            for index, statement in enumerate(document.policy.statements)
        }


def _values(decision: Decision) -> Values:
    context = decision.request.context
    return {key.lower(): each if isinstance(each, str) else tuple(each) for key, each in context.items()}


def _decides(decision: Decision, layer: LayerResult) -> bool:
    """Whether a flow is refused once a layer, which allows, allows no more."""
    if layer.required:
        return True
    if layer.layer is not Layer.RESOURCE:
        return False
    # In one account either side's Allow is enough.
    identity = next(each for each in decision.layers if each.layer is Layer.IDENTITY)
    return identity.verdict is not Verdict.ALLOW


def _is_negated(statement: Statement, element: Element) -> bool:
    """An Allow of all but something means more than a flow needs, whatever it leaves out."""
    negated = statement.negates_action or statement.negates_resource or statement.negates_principal
    return element == WHOLE and statement.effect == "Allow" and negated


def _has_wildcard(element: Element) -> bool:
    if element.kind is Kind.CONDITION:
        return "*" in element.text and "like" in element.key.lower()
    return element.kind in (Kind.ACTION, Kind.RESOURCE) and ("*" in element.text or "?" in element.text)


def _itself(statement: Statement, element: Element) -> bool:
    """In a key's policy, `*` is that key (docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html)."""
    return (
        element == Element(Kind.RESOURCE, "*") and statement.policy.startswith("arn:") and ":key/" in statement.policy
    )


def _within(element: Element, flow: Flow) -> bool:
    """Whether an element means no more than a flow that it allows."""
    if element.kind is Kind.ACTION:
        return element.text.lower() == flow.action.lower()
    if element.kind is Kind.RESOURCE:
        return covers(_plain(pattern_of(flow.resource)), _plain(element.text))
    if element.kind is Kind.CONDITION:
        key = element.key.rpartition(" ")[2].lower()
        given = next((value for name, value in flow.context if name.lower() == key), ())
        return any(covers(pattern_of(each), element.text) for each in ([given] if isinstance(given, str) else given))
    return False


def _plain(arn: str) -> str:
    """A log group is meant by its ARN with and without what stands for its streams."""
    if ":log-group:" not in arn:
        return arn
    return arn.partition(":log-stream:")[0].removesuffix(":*")

"""Names and expressions in the flow analysis: what loads, what binds, and in which state.

`flow.py` says what a state is and adds statements and definitions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .names import DYNAMIC_NAMES, IDENTIFIER, KEYWORDS, MODULE_NAMES
from .scopes import COMPREHENSIONS, FUNCTIONS, Key, Scope, comprehension_body
from .summary import Summary

if TYPE_CHECKING:
    from .flow import Unit

State = set[Key] | None

_MAX_STRING = 100_000


class Expressions:
    """An abstract run of expressions: of the block itself, or (`deferred`) of a body that runs later."""

    def __init__(self, unit: Unit, scope: Scope, sink: Summary, deferred: bool) -> None:
        self.unit = unit
        self.scope = scope
        self.sink = sink
        self.deferred = deferred
        self.state: State = set()
        self._handlers: dict[type, Callable[[ast.AST], None]] = {}

    # Names

    def load(self, name: str) -> None:
        if self.state is None:
            return
        key = self.scope.resolve(name)
        if key is None:
            return
        if not isinstance(key, str):
            self._use_definitions(key)
            if key in self.state:
                return
            key = self.scope.mangled(name)
        self._use_definitions(key)
        if key in self.state and not (self.deferred and key in self.unit.scopes.deleted):
            return
        if key in MODULE_NAMES:
            return
        if key in DYNAMIC_NAMES:
            self.sink.dynamic.add(key)
        self.sink.reads.add(key)

    def store(self, name: str) -> None:
        if self.state is None:
            return
        key = self.scope.resolve(name)
        if key is None:
            return
        if isinstance(key, str):
            self.sink.writes.add(key)
            if key in self.unit.scopes.unstable:
                return
            if self.deferred and key in self.unit.scopes.deleted:
                return
        self.state.add(key)

    def unbind(self, name: str) -> None:
        if self.state is None:
            return
        key = self.scope.resolve(name)
        if key is None:
            return
        if isinstance(key, str):
            self.sink.deletes.add(key)
        self.state.discard(key)

    def _use_definitions(self, key: Key) -> None:
        if self.deferred:
            self.sink.loads.add(key)
        if key in self.unit.scopes.definitions and (not self.deferred or not isinstance(key, str)):
            self._use(self.unit.closure(key))

    def _use(self, summary: Summary) -> None:
        """Count code that runs later as if it could run from here on."""
        if self.state is None:
            return
        trusted = self.state - self.unit.scopes.deleted
        self.sink.reads |= summary.reads - trusted
        self.sink.possible |= summary.possible - trusted
        self.sink.add_effects(summary)
        if not self.deferred:
            for key in summary.loads:
                if key in self.unit.scopes.definitions:
                    closure = self.unit.closure(key)
                    self.sink.reads |= closure.reads - trusted
                    self.sink.possible |= closure.possible - trusted
                    self.sink.add_effects(closure)

    def visit(self, node: ast.AST) -> None:
        handler = self._handlers.get(node.__class__)
        if handler is None:
            handler = getattr(self, "_visit_" + node.__class__.__name__, self._visit_children)
            self._handlers[node.__class__] = handler
        handler(node)

    def expression(self, node: ast.AST | None) -> None:
        if node is not None and self.state is not None:
            self.visit(node)

    def _visit_children(self, node: ast.AST) -> None:
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                self.visit(value)
            elif isinstance(value, list):
                for element in value:
                    if isinstance(element, ast.AST):
                        self.visit(element)

    # Expressions

    def _visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.load(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.store(node.id)

    def _visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str) and self.state is not None and len(value) < _MAX_STRING:
            names = set(IDENTIFIER.findall(value))
            if names:
                deleted = self.unit.scopes.deleted
                assigned = {key for key in names if key in self.state and key not in deleted}
                self.sink.possible |= names - assigned - KEYWORDS
                for name in names:
                    if name in self.unit.scopes.definitions:
                        self._use_definitions(name)

    def _visit_Call(self, node: ast.Call) -> None:
        function = node.func
        inspects = (
            isinstance(function, ast.Name) and function.id in ("vars", "dir") and (node.args or node.keywords)
        )
        if inspects and isinstance(function, ast.Name):
            known = set(self.sink.dynamic)
            self.load(function.id)
            self.sink.dynamic = known
        else:
            self.expression(function)
        for argument in node.args:
            self.expression(argument)
        for keyword in node.keywords:
            self.expression(keyword.value)

    def _visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.expression(node.value)
        owner = self.scope
        scope = self.scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        self.scope = scope
        self.store(node.target.id)
        self.scope = owner

    def _visit_BoolOp(self, node: ast.BoolOp) -> None:
        good, bad = self.condition(node)
        self.state = meet(good, bad)

    def _visit_IfExp(self, node: ast.IfExp) -> None:
        good, bad = self.condition(node.test)
        self.state = good
        self.expression(node.body)
        after = self.state
        self.state = bad
        self.expression(node.orelse)
        self.state = meet(after, self.state)

    def _visit_Compare(self, node: ast.Compare) -> None:
        self.expression(node.left)
        self.expression(node.comparators[0])
        if len(node.comparators) > 1:
            before = copied(self.state)
            for comparator in node.comparators[1:]:
                self.expression(comparator)
            self.state = before

    def _visit_comprehension_node(self, node: ast.AST) -> None:
        if self.state is None:
            return
        self.expression(node.generators[0].iter)  # type: ignore[attr-defined]
        before = copied(self.state)
        outer, self.scope = self.scope, self.unit.scopes.of(node)
        deferred = self.deferred
        if isinstance(node, ast.GeneratorExp):
            self._generator(node)
        else:
            for part in comprehension_body(node):
                self.expression(part)
        self.deferred = deferred
        self.scope = outer
        self.state = before

    _visit_ListComp = _visit_comprehension_node
    _visit_SetComp = _visit_comprehension_node
    _visit_DictComp = _visit_comprehension_node
    _visit_GeneratorExp = _visit_comprehension_node

    def _generator(self, node: ast.AST) -> None:
        """Analyse a generator expression, which may run later than here but counts here."""
        part = Summary()
        flow = type(self)(self.unit, self.scope, part, deferred=True)
        for expression in comprehension_body(node):
            flow.expression(expression)
        self._use(part)

    # Conditions and states

    def condition(self, node: ast.expr) -> tuple[State, State]:
        """Evaluate `node` and return the states where it was true and where it was false."""
        if self.state is None:
            return None, None
        if isinstance(node, ast.BoolOp):
            conjunction = isinstance(node.op, ast.And)
            settled: State = None
            for value in node.values:
                good, bad = self.condition(value)
                settled = meet(settled, bad if conjunction else good)
                self.state = good if conjunction else bad
            return (self.state, settled) if conjunction else (settled, self.state)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            good, bad = self.condition(node.operand)
            return bad, good
        self.visit(node)
        if isinstance(node, ast.Constant):
            return (self.state, None) if node.value else (None, self.state)
        if self.unit.aliases.is_type_checking(node):
            return None, self.state
        return self.state, copied(self.state)

    def _forget(self, nodes: list[ast.AST]) -> None:
        self.state = self._without(self.state, nodes)

    def _without(self, state: State, nodes: Iterable[ast.AST]) -> State:
        """Return `state` less what `nodes` may delete: the state wherever among them control is lost."""
        if state is None:
            return None
        if not self.unit.scopes.deleted and not self.scope.deleted:
            return set(state)
        return state - self._unbound(nodes)

    def _unbound(self, nodes: Iterable[ast.AST]) -> set[Key]:
        found: set[Key] = set()
        stack: list[ast.AST] = list(nodes)
        while stack:
            node = stack.pop()
            name: str | None = None
            if isinstance(node, ast.Name):
                name = node.id if isinstance(node.ctx, ast.Del) else None
            elif isinstance(node, ast.ExceptHandler):
                name = node.name
            elif isinstance(node, (*FUNCTIONS, ast.Lambda, *COMPREHENSIONS)):
                continue
            if name:
                key = self.scope.resolve(name)
                if key is not None:
                    found.add(key)
                found.add(name)
            stack.extend(ast.iter_child_nodes(node))
        return found


def meet(first: State, second: State) -> State:
    """Join two paths: what is assigned on both."""
    if first is None:
        return second
    if second is None:
        return first
    return first & second


def copied(state: State) -> State:
    return None if state is None else set(state)

"""Flow analysis of a block: which names it may read before it has definitely assigned them itself.

An abstract run of the syntax tree. The state at each point is the set of keys that are assigned on every path
that leads there, or None where no path leads. It errs towards "read": a name reported without need costs a
load, a name missed would make a stale result look fresh.

Code that runs later (bodies of functions, methods, lambdas) is summarised once and counts where the name that
holds it is loaded, minus what is assigned by then. That is enough: from there on names can only become
assigned, and names that something deletes (`Scopes.deleted`) are never taken as assigned in such code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from . import contexts
from .expressions import Expressions, State, copied, meet
from .names import Aliases
from .scopes import Key, Scope, Scopes, argument_defaults
from .summary import Summary


class Unit:
    """What all flows of one block share: its scopes, import aliases and the summaries made so far."""

    def __init__(self, tree: ast.Module) -> None:
        self.scopes = Scopes(tree)
        self.aliases = Aliases(tree)
        self.lazy_annotations = self.aliases.lazy_annotations
        self._summaries: dict[int, Summary] = {}
        self._closures: dict[Key, Summary] = {}

    def summary(self, node: ast.AST) -> Summary:
        """Return the summary of a function, a lambda, or all functions of a class."""
        found = self._summaries.get(id(node))
        if found is not None:
            return found
        # Registered before it is filled: a class or function may mention itself.
        summary = self._summaries[id(node)] = Summary()
        scope = self.scopes.of(node)
        if isinstance(node, ast.ClassDef):
            for nodes in scope.definitions.values():
                for inner in nodes:
                    part = self.summary(inner)
                    summary.reads |= part.reads
                    summary.possible |= part.possible
                    summary.add_effects(part)
        else:
            flow = Flow(self, scope, summary, deferred=True)
            if isinstance(node, ast.Lambda):
                flow.expression(node.body)
            else:
                flow.block(body_after_docstring(node))
        return summary

    def closure(self, key: Key) -> Summary:
        """Return what the definitions that `key` may hold do, with all that they call in turn."""
        found = self._closures.get(key)
        if found is None:
            found = self._closures[key] = Summary()
            for node in self.scopes.definitions.get(key, ()):
                self._include(found, self.summary(node))
            pending = list(found.loads)
            seen: set[Key] = {key}
            while pending:
                name = pending.pop()
                if name in seen:
                    continue
                seen.add(name)
                for node in self.scopes.definitions.get(name, ()):
                    part = self.summary(node)
                    self._include(found, part)
                    pending.extend(part.loads)
        return found

    @staticmethod
    def _include(target: Summary, part: Summary) -> None:
        target.reads |= part.reads
        target.possible |= part.possible
        target.add_effects(part)


class _Loop:
    __slots__ = ("breaks", "continues")

    def __init__(self) -> None:
        self.breaks: list[State] = []
        self.continues: list[State] = []


class Flow(Expressions):
    """One abstract run, statements and definitions included."""

    def __init__(self, unit: Unit, scope: Scope, sink: Summary, deferred: bool) -> None:
        super().__init__(unit, scope, sink, deferred)
        self._loops: list[_Loop] = []

    # Statements

    def block(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            if self.state is None:
                return
            self.visit(statement)

    def _visit_Assign(self, node: ast.Assign) -> None:
        held = isinstance(node.value, ast.Lambda) and all(
            isinstance(target, ast.Name) and self.scope.resolve(target.id) is not None
            for target in node.targets
        )
        if held and isinstance(node.value, ast.Lambda):
            for default in argument_defaults(node.value.args):
                self.expression(default)
        else:
            self.expression(node.value)
        for target in node.targets:
            self.expression(target)

    def _visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.load(node.target.id)
            self.expression(node.value)
            self.store(node.target.id)
        else:
            self.expression(node.target)
            self.expression(node.value)

    def _visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if self.scope.kind != "function" and not self.unit.lazy_annotations:
            self.expression(node.annotation)
        self.expression(node.value)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.expression(node.target)

    def _visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._delete(target)

    def _delete(self, target: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.load(target.id)
            self.unbind(target.id)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._delete(element)
        else:
            self.expression(target)

    def _visit_Return(self, node: ast.Return) -> None:
        self.expression(node.value)
        self.state = None

    def _visit_Raise(self, node: ast.Raise) -> None:
        self.expression(node.exc)
        self.expression(node.cause)
        self.state = None

    def _visit_Assert(self, node: ast.Assert) -> None:
        good, bad = self.condition(node.test)
        self.state = bad
        self.expression(node.msg)
        self.state = good

    def _visit_Global(self, node: ast.Global) -> None:
        pass

    _visit_Nonlocal = _visit_Global

    def _visit_Break(self, node: ast.Break) -> None:
        if self._loops:
            self._loops[-1].breaks.append(self.state)
        self.state = None

    def _visit_Continue(self, node: ast.Continue) -> None:
        if self._loops:
            self._loops[-1].continues.append(self.state)
        self.state = None

    def _visit_If(self, node: ast.If) -> None:
        good, bad = self.condition(node.test)
        self.state = good
        self.block(node.body)
        after = self.state
        self.state = bad
        self.block(node.orelse)
        self.state = meet(after, self.state)

    def _visit_While(self, node: ast.While) -> None:
        self._forget([*node.body, node.test])
        good, bad = self.condition(node.test)
        loop = _Loop()
        self._loops.append(loop)
        self.state = good
        self.block(node.body)
        self._loops.pop()
        self.state = bad
        self.block(node.orelse)
        for state in loop.breaks:
            self.state = meet(self.state, state)

    def _visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.expression(node.iter)
        self._forget([node.target, *node.body])
        before = copied(self.state)
        loop = _Loop()
        self._loops.append(loop)
        self.expression(node.target)
        self.block(node.body)
        self._loops.pop()
        exhausted = self.state
        for state in loop.continues:
            exhausted = meet(exhausted, state)
        # A literal with elements runs the body at least once, so what the body assigns is assigned.
        literal = isinstance(node.iter, (ast.List, ast.Tuple, ast.Set)) and any(
            not isinstance(element, ast.Starred) for element in node.iter.elts
        )
        self.state = exhausted if literal else before
        self.block(node.orelse)
        for state in loop.breaks:
            self.state = meet(self.state, state)

    _visit_AsyncFor = _visit_For

    def _visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        suppresses = False
        for item in node.items:
            self.expression(item.context_expr)
            suppresses = suppresses or contexts.may_suppress(
                item.context_expr, self.unit, self.scope, self.state or ()
            )
            self.expression(item.optional_vars)
        entered = copied(self.state)
        self.block(node.body)
        if suppresses or self.state is None:
            # A body that never ends normally only makes sense below a manager that swallows its exception.
            self.state = meet(self.state, self._without(entered, node.body))

    _visit_AsyncWith = _visit_With

    def _visit_Try(self, node: ast.Try) -> None:
        start = copied(self.state)
        loop = self._loops[-1] if self._loops else None
        marks = (len(loop.breaks), len(loop.continues)) if loop else (0, 0)
        self.block(node.body)
        failed = self._without(start, node.body)
        self.block(node.orelse)
        after = self.state
        for handler in node.handlers:
            self.state = copied(failed)
            self.expression(handler.type)
            if handler.name:
                self.store(handler.name)
            self.block(handler.body)
            if handler.name:
                self.unbind(handler.name)
            after = meet(after, self.state)
        if node.finalbody:
            self.state = self._without(failed, [*node.handlers, *node.orelse])
            self.block(node.finalbody)
            gained = self.state
            self.state = None
            if gained is not None and after is not None:
                self.state = (self._without(after, node.finalbody) or set()) | gained
            if loop:
                for states, mark in ((loop.breaks, marks[0]), (loop.continues, marks[1])):
                    states[mark:] = [self._without(state, node.finalbody) for state in states[mark:]]
        else:
            self.state = after

    _visit_TryStar = _visit_Try

    def _visit_Match(self, node: ast.AST) -> None:
        self.expression(node.subject)  # type: ignore[attr-defined]
        after: State = None
        for case in node.cases:  # type: ignore[attr-defined]
            unmatched = copied(self.state)
            self.visit(case.pattern)
            if case.guard is not None:
                good, bad = self.condition(case.guard)
                unmatched = meet(unmatched, bad)
                self.state = good
            elif _irrefutable(case.pattern):
                unmatched = None
            self.block(case.body)
            after = meet(after, self.state)
            self.state = unmatched
            if unmatched is None:
                break
        self.state = meet(after, self.state)

    def _visit_MatchAs(self, node: ast.AST) -> None:
        self.expression(getattr(node, "pattern", None))
        name = getattr(node, "name", None)
        if name:
            self.store(name)

    _visit_MatchStar = _visit_MatchAs

    def _visit_MatchMapping(self, node: ast.AST) -> None:
        self._visit_children(node)
        rest = getattr(node, "rest", None)
        if rest:
            self.store(rest)

    def _visit_MatchOr(self, node: ast.AST) -> None:
        # Alternatives bind the same names, and only one of them runs.
        start = copied(self.state)
        after: State = None
        for pattern in node.patterns:  # type: ignore[attr-defined]
            self.state = copied(start)
            self.visit(pattern)
            after = meet(after, self.state)
        self.state = after

    def _visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.store((alias.asname or alias.name).partition(".")[0])

    def _visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.sink.dynamic.add("import *")
                self.sink.writes.add("*")
            else:
                self.store(alias.asname or alias.name)

    def _visit_TypeAlias(self, node: ast.AST) -> None:
        outer = self.scope
        self.scope = self.unit.scopes.types_of(node) or outer
        self._type_parameters(node)
        self.expression(node.value)  # type: ignore[attr-defined]
        self.scope = outer
        self.expression(node.name)  # type: ignore[attr-defined]

    # Definitions

    def _visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.expression(decorator)
        for default in argument_defaults(node.args):
            self.expression(default)
        outer = self.scope
        self.scope = self.unit.scopes.types_of(node) or outer
        self._type_parameters(node)
        if not self.unit.lazy_annotations:
            for annotation in _annotations(node):
                self.expression(annotation)
        self.scope = outer
        called = not all(self.unit.aliases.inert_decorator(decorator) for decorator in node.decorator_list)
        if called or self.scope.resolve(node.name) is None:
            self._use(self.unit.summary(node))
        self.store(node.name)

    _visit_AsyncFunctionDef = _visit_FunctionDef

    def _visit_ClassDef(self, node: ast.ClassDef) -> None:
        if self.state is None:
            return
        for decorator in node.decorator_list:
            self.expression(decorator)
        outer = self.scope
        self.scope = self.unit.scopes.types_of(node) or outer
        self._type_parameters(node)
        for base in node.bases:
            self.expression(base)
        for keyword in node.keywords:
            self.expression(keyword.value)
        self.scope = self.unit.scopes.of(node)
        loops, self._loops = self._loops, []
        self.state.add((self.scope.number, "__module__"))
        self.state.add((self.scope.number, "__qualname__"))
        self.block(body_after_docstring(node))
        if self.state is not None:
            self.state = {key for key in self.state if isinstance(key, str) or key[0] != self.scope.number}
        self._loops = loops
        self.scope = outer
        if self.unit.aliases.called_when_defined(node) or self.scope.resolve(node.name) is None:
            self._use(self.unit.summary(node))
        self.store(node.name)

    def _visit_Lambda(self, node: ast.Lambda) -> None:
        for default in argument_defaults(node.args):
            self.expression(default)
        self._use(self.unit.summary(node))

    def _type_parameters(self, node: ast.AST) -> None:
        for parameter in getattr(node, "type_params", None) or ():
            self.expression(getattr(parameter, "bound", None))
            self.expression(getattr(parameter, "default_value", None))


def body_after_docstring(node: ast.AST) -> list[ast.stmt]:
    """Return the statements of `node` without its docstring, whose words are no names."""
    body: list[ast.stmt] = list(node.body)  # type: ignore[attr-defined]
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return body[1:]
    return body


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    arguments = node.args
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    found = [argument.annotation for argument in every if argument is not None]
    return [annotation for annotation in (*found, node.returns) if annotation is not None]


def _irrefutable(pattern: ast.AST) -> bool:
    kind = type(pattern).__name__
    if kind == "MatchAs":
        inner = getattr(pattern, "pattern", None)
        return inner is None or _irrefutable(inner)
    if kind == "MatchOr":
        return any(_irrefutable(option) for option in getattr(pattern, "patterns", ()))
    return False

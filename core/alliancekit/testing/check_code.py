"""What a plugin's class and source tell without running them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alliancekit import deprecations
from alliancekit.hookspecs import AllianceHooks
from alliancekit.plugins import verify
from alliancekit.testing.report import Finding

LOG_METHODS: Final = {"debug", "info", "warning", "error", "critical", "log", "exception"}
TRACEBACKS: Final = {"print_exc", "format_exc", "print_exception", "format_exception"}


def contract_problems(plugin: type[AllianceHooks]) -> Iterator[Finding]:
    """What would keep the host from loading the class, deprecated hooks, and what may be misspelt ones."""
    for problem in verify.problems(plugin):
        yield Finding("contract", f"{problem.rstrip('.')}.")
    outdated = deprecations.of_hooks(verify.implemented(plugin))
    for warning in verify.warnings(plugin):
        yield Finding("current" if warning in outdated else "names", f"{warning.rstrip('.')}.")


def files_of(plugin: type[AllianceHooks]) -> list[Path]:
    """The source files that belong to a plugin: its package or single module; of a test's class the file."""
    inner = "<locals>" in plugin.__qualname__
    root = sys.modules.get(plugin.__module__ if inner else plugin.__module__.partition(".")[0])
    file = getattr(root, "__file__", None)
    if file is None:
        return []
    path = Path(file)
    return sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


def log_problems(files: list[Path]) -> Iterator[Finding]:
    """Calls that put an exception's text or traceback into a log or on the screen."""
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for line, what in sorted({*_tracebacks(tree), *_texts(tree)}):
            yield Finding(
                "discreet",
                f"{file.name}:{line} {what}; it may quote a client.",
                "Log type(error).__name__ and the place instead.",
            )


def _tracebacks(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for call in _calls(tree):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        shown = any(
            one.arg == "exc_info" and not (isinstance(one.value, ast.Constant) and not one.value.value)
            for one in call.keywords
        )
        if name in TRACEBACKS or (name == "exception" and _is_logger(call.func)) or shown:
            yield call.lineno, "puts a traceback with its exception's text into the log"


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for handler in ast.walk(tree):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        for call in _calls(handler):
            function = call.func
            prints = isinstance(function, ast.Name) and function.id == "print"
            if not (prints or _is_logger(function)):
                continue
            for argument in call.args:
                if _says(argument, handler.name):
                    yield call.lineno, "puts an exception's text into the log"


def _is_logger(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or function.attr not in LOG_METHODS:
        return False
    owner = function.value
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return "log" in name.lower()


def _says(node: ast.AST, name: str) -> bool:
    """Whether an expression holds the exception itself, and not merely its type, a field or its place."""
    if isinstance(node, ast.Name):
        return node.id == name
    if isinstance(node, ast.Attribute):
        return node.attr == "args" and _says(node.value, name)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type":
        return False
    return any(_says(child, name) for child in ast.iter_child_nodes(node))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))

"""Docstrings of what computes say which shapes it takes and gives, and what it raises, as CONTRIBUTING promises."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = (
    "engine", "attribution", "synthesis", "experiments", "weights", "session", "pages", "library", "live", "runs",
)  # fmt: skip
SHAPE = re.compile(r"\([^()]*,[^()]*\)|shape|dimension|\bsee `|\bas `", re.IGNORECASE)
"""(N, 3, height, width), (classes,), or where they are said."""
ARRAYS = re.compile(r"\b(Tensor|ndarray)\b")


def public(source: str) -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """Each public function and method by name, with its docstring; a constructor and a call have their class's too."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node, ast.get_docstring(node) or ""
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            of_class = ast.get_docstring(node) or ""
            for inner in node.body:
                if not isinstance(inner, ast.FunctionDef):
                    continue
                own = ast.get_docstring(inner) or ""
                if inner.name in ("__init__", "__post_init__", "__call__"):
                    yield f"{node.name}.{inner.name}", inner, f"{of_class}\n{own}"
                elif not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner, own


def raised(function: ast.FunctionDef) -> set[str]:
    """Classes of errors that a function raises itself, where it catches none; names of variables are none."""
    inner = [one for one in ast.walk(function) if isinstance(one, ast.FunctionDef) and one is not function]
    tried = [part for one in ast.walk(function) if isinstance(one, ast.Try) and one.handlers for part in one.body]
    elsewhere = {node for part in (*inner, *tried) for node in ast.walk(part)}
    nodes = (node for node in ast.walk(function) if isinstance(node, ast.Raise) and node not in elsewhere)
    errors = (node.exc.func if isinstance(node.exc, ast.Call) else node.exc for node in nodes if node.exc)
    return {name for name in map(ast.unparse, errors) if name[0].isupper() and name != "TypeError"}


def faults(source: str) -> list[str]:
    found = []
    for name, function, text in public(source):
        arguments = [*function.args.args, *function.args.kwonlyargs]
        types = [ast.unparse(part) for part in (*(one.annotation for one in arguments), function.returns) if part]
        if not text.strip() and function.name not in ("__init__", "__post_init__"):
            found.append(f"{name} has no docstring")
        elif function.name != "__post_init__" and ARRAYS.search(" ".join(types)) and not SHAPE.search(text):
            found.append(f"{name} names no shape")
        found += [f"{name} does not say that it raises {error}" for error in raised(function) if error not in text]
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_shapes_and_errors_are_said(room: str) -> None:
    folder = Path(__file__).parent.parent / "zfdesk" / room
    files = sorted(folder.rglob("*.py"))
    assert files
    assert [f"{path.name}: {fault}" for path in files for fault in faults(path.read_text("utf-8"))] == []


def test_a_fault_is_found() -> None:
    assert faults('def blur(x: Tensor) -> Tensor:\n    """Blurs."""\n    raise ValueError("no")') == [
        "blur names no shape", "blur does not say that it raises ValueError",
    ]  # fmt: skip
    assert faults('def blur(x: Tensor) -> Tensor:\n    """(N, h, w); raises ValueError."""\n    raise ValueError') == []

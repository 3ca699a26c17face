"""No room of the house stands in a circle of imports; who knows whom besides is `lint-imports`'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import grimp
import networkx


def circles_of(imports: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Modules that can be reached from themselves, by circle; from (importer, imported)."""
    found = networkx.strongly_connected_components(networkx.DiGraph(imports))
    return [sorted(circle) for circle in found if len(circle) > 1]


def test_no_modules_import_each_other_in_a_circle() -> None:
    house = grimp.build_graph("zfdesk", cache_dir=None)
    imports = [(module, known) for module in house.modules for known in house.find_modules_directly_imported_by(module)]
    assert len(imports) > 1000
    assert circles_of(imports) == []


def test_a_circle_is_found() -> None:
    assert circles_of([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]) == [["a", "b", "c"]]


def test_no_two_files_of_tests_have_one_name() -> None:
    """pytest imports those that stand in no package by their names."""
    files = Path(__file__).parent.rglob("test_*.py")
    names = Counter(path.name for path in files if not (path.parent / "__init__.py").exists())
    assert [name for name, count in names.items() if count > 1] == []

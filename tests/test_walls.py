"""No room of the house stands in a circle of imports, and the window's features do not know each other.

Who knows whom besides is `lint-imports`', which cannot find the features by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import grimp
import networkx
import pytest


def circles_of(imports: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Modules that can be reached from themselves, by circle; from (importer, imported)."""
    found = networkx.strongly_connected_components(networkx.DiGraph(imports))
    return [sorted(circle) for circle in found if len(circle) > 1]


FEATURES = "features"
DESK = (
    {"benchmark", "drag_benchmark"}, {"app"}, {"window"}, FEATURES, {"feature", "patterns"}, {"scan", "open_scanned"},
    {"actions", "widgets"}, {"path_player", "heat_maps", "context", "freed_memory"}, {"state"}, {"history", "tasks"},
    {"alive", "settings"},
)  # fmt: skip
"""The rooms of the desk, from above. Features are its folders with a ``feature.py``."""


@pytest.fixture(scope="module")
def house() -> grimp.ImportGraph:
    return grimp.build_graph("zfdesk", cache_dir=None)


def features_of(house: grimp.ImportGraph) -> set[str]:
    names = {module.split(".")[2] for module in house.modules if re.fullmatch(r"zfdesk\.desk\.\w+\.feature", module)}
    return names - {"window"}


def crossed(house: grimp.ImportGraph, features: set[str]) -> list[str]:
    """Imports that go upwards in the desk, or from feature to feature."""
    rooms = [(features, True) if room == FEATURES else (room, False) for room in DESK]
    layers = [grimp.Layer(*sorted(names), independent=independent) for names, independent in rooms]
    found = house.find_illegal_dependencies_for_layers(layers=layers, containers={"zfdesk.desk"})
    return sorted(f"{one.importer} -> {one.imported}" for one in found)


def test_features_do_not_know_each_other_nor_the_window_and_widgets_know_neither(house: grimp.ImportGraph) -> None:
    features = features_of(house)
    assert len(features) >= 15
    assert crossed(house, features) == []
    named = features.union(*(room for room in DESK if room != FEATURES))
    assert {module.split(".")[2] for module in house.find_children("zfdesk.desk")} == named


def test_a_feature_that_knows_another_is_found() -> None:
    house = grimp.build_graph("zfdesk", cache_dir=None)
    house.add_import(importer="zfdesk.desk.lab.pane", imported="zfdesk.desk.trace.pane")
    house.add_import(importer="zfdesk.desk.widgets.pane", imported="zfdesk.desk.window.menus")
    assert crossed(house, features_of(house)) == [
        "zfdesk.desk.lab -> zfdesk.desk.trace", "zfdesk.desk.widgets -> zfdesk.desk.window",
    ]  # fmt: skip


def test_no_modules_import_each_other_in_a_circle(house: grimp.ImportGraph) -> None:
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

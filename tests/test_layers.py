"""Which folder may import what, read from the syntax tree, and what the way in leaves unimported."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import segmentation

PACKAGE = Path(segmentation.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
HOMES = {
    "hydra": "commands",
    "omegaconf": "commands",
    "optuna": "study",
    "mlflow": "tracking",
    "skops": "tracking",
    "matplotlib": "plots",
    "tqdm": "commands",
    "jinja2": "report",
}
HEAVY = {"mlflow", "sklearn", "scipy", "pandas", "numpy", "matplotlib", "optuna", "hydra", "omegaconf"}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports when it runs, in full, wherever the import stands in it."""
    yield from _imported(ast.parse(path.read_text(encoding="utf-8")), path)


def _imported(tree: ast.AST, path: Path) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            # Read by type checkers only.
            yield from _imported(ast.Module(node.orelse, []), path)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; this test reads absolute names"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imported(node, path)


def place(path: Path) -> str:
    """The folder of the package that a file is in, or its name where it is in none."""
    return path.relative_to(PACKAGE).parts[0]


def known(layer: str) -> set[str]:
    """The folders of the package that one of them imports."""
    return {
        name.split(".")[1]
        for path in MODULES
        if place(path) == layer
        for name in imports(path)
        if name.startswith("segmentation.")
    }


@pytest.mark.parametrize("library", HOMES)
def test_a_framework_is_imported_in_its_own_folder_only(library: str) -> None:
    users = {place(path) for path in MODULES if library in {name.split(".")[0] for name in imports(path)}}
    assert users == {HOMES[library]}


def test_only_the_way_in_imports_commands() -> None:
    users = {
        place(path)
        for path in MODULES
        if any(f"{name}.".startswith("segmentation.commands.") for name in imports(path))
    }
    assert users == {"cli.py", "commands"}


@pytest.mark.parametrize(
    "layer",
    [
        "data",
        "features",
        "clustering",
        "evaluation",
        "profiling",
        "plots",
        "report",
        "serving",
        "monitoring",
        "streaming",
    ],
)
def test_the_mathematics_knows_neither_study_nor_tracking(layer: str) -> None:
    assert known(layer).isdisjoint({"study", "tracking", "workflows", "commands", "cli"})


def test_the_analysis_knows_no_framework_so_that_notebooks_need_none() -> None:
    assert known("workflows").isdisjoint({"tracking", "commands", "cli"})
    assert known("study").isdisjoint({"workflows"})


def test_an_import_for_type_checkers_only_does_not_count(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "import a.b\nif TYPE_CHECKING:\n    import c\nelse:\n    import d\ndef f():\n    from e import g\n"
    )
    assert list(imports(module)) == ["a.b", "d", "e.g"]


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], ["swep"]], ids=" ".join)
def test_the_way_in_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import json, sys\n"
        "from segmentation.cli import main\n"
        f"main({words!r})\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})), file=sys.stderr)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(ran.stderr.splitlines()[-1]))
    assert "segmentation" in loaded
    assert loaded.isdisjoint(HEAVY)

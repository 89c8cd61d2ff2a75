"""Every notebook of experiments/ runs, and is kept without what it showed last time."""

import importlib.util
import json
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
NOTEBOOKS = sorted(path.stem for path in EXPERIMENTS.glob("*.ipynb"))
NEEDS = {
    "credit_card": "CC GENERAL.csv",
    "marketing_campaign": "marketing_campaign.csv",
    "retail_rfm": "online_retail.parquet",
}
FEW_TRIALS = 4
"""k from 2 to 5 with k-means: the plan begins so."""
MACHINE = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|usr|Users|mnt|opt)/|[A-Z]:\\\\")


def read(name: str) -> Any:
    return nbformat.read(EXPERIMENTS / f"{name}.ipynb", as_version=4)


def run(name: str, folder: Path, data: Path) -> Any:
    """A notebook after it ran in a folder."""
    notebook = read(name)
    few = {"SEGMENTATION_DATA_DIR": str(data), "SEGMENTATION_TRIALS": str(FEW_TRIALS)}
    with mock.patch.dict(os.environ, few):
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def shown(notebook: Any) -> tuple[str, int]:
    """All text that a notebook shows, and how many pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return "\n".join(texts), sum("image/png" in output.get("data", {}) for output in outputs)


def test_the_main_recipes_have_a_notebook_each() -> None:
    assert sorted([*NEEDS, "mall_income_spending"]) == NOTEBOOKS
    assert all((EXPERIMENTS / "recipe" / f"{name}.yaml").exists() for name in NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_without_outputs_and_without_paths_of_a_machine(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert not MACHINE.search(json.dumps(notebook))
    for part in ("**Question.**", f"segment sweep recipe={name} ", "## Finding"):
        assert part in "\n".join(cell.source for cell in notebook.cells)


@pytest.mark.slow
def test_the_first_notebook_runs_on_made_up_customers_where_no_file_is(tmp_path: Path) -> None:
    text, pictures = shown(run("mall_income_spending", tmp_path, tmp_path))
    assert "5 segments of 200 customers of demo (verdict: natural)" in text
    assert "Premium service" in text
    assert "annual_income 300 above" in text
    assert pictures == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NEEDS)
def test_a_notebook_runs_on_real_data(name: str, tmp_path: Path, real_data: Path) -> None:
    assert (real_data / NEEDS[name]).exists()
    text, pictures = shown(run(name, tmp_path, real_data))
    assert "Trial " in text
    assert "rank" in text
    assert pictures >= 2
    assert "Traceback" not in text
    assert list(tmp_path.iterdir()) == []


def test_the_rendered_example_is_the_first_notebook_as_it_is_now() -> None:
    example = (EXPERIMENTS / "example.md").read_text(encoding="utf-8")
    for cell in read("mall_income_spending").cells:
        assert cell.source in example, "make it anew: python experiments/pictures.py"
    assert not MACHINE.search(example)
    assert "customers of demo" in example
    for picture in re.findall(r"\]\((pictures/\w+\.png)\)", example):
        assert (EXPERIMENTS / picture).is_file()


@pytest.mark.parametrize("path", sorted((EXPERIMENTS / "pictures").glob("*.png")), ids=lambda p: p.stem)
def test_the_pictures_are_small_and_as_wide_as_a_page_shows_them(path: Path) -> None:
    assert path.stat().st_size <= 60_000
    with Image.open(path) as image:
        assert 600 <= image.width <= 900


def maker() -> ModuleType:
    """experiments/pictures.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("pictures", EXPERIMENTS / "pictures.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_notebook_is_written_as_text_with_its_pictures_beside_it(tmp_path: Path) -> None:
    import base64

    png = base64.b64encode((EXPERIMENTS / "pictures" / "segment_profile.png").read_bytes()).decode()
    code = nbformat.v4.new_code_cell
    out = nbformat.v4.new_output
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Title"),
            code(
                "print(1)",
                outputs=[
                    out("stream", name="stdout", text="1\n"),
                    out("stream", name="stderr", text="/tmp/x"),
                ],
            ),
            code('found.figures()["sizes"]', outputs=[out("display_data", {"image/png": png})]),
        ]
    )
    text = maker().written(notebook, tmp_path)
    assert "# Title\n\n```python\nprint(1)\n```\n\n```\n1\n```\n\n" in text
    assert text.endswith("![sizes](pictures/sizes.png)\n")
    assert "/tmp" not in text
    assert (tmp_path / "sizes.png").read_bytes().startswith(b"\x89PNG")

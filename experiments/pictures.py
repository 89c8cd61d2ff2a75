"""Make `pictures/` for the README, and `example.md`: the first notebook as it looks when it has run.

Made-up customers, so that anybody can do it again: `python experiments/pictures.py`. It needs the extra `test`; the
picture of the report needs Chromium too and is left as it is without one.
"""

import base64
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from PIL import Image

HERE = Path(__file__).parent
NOTEBOOK = "mall_income_spending"
WIDTH = 900
LARGEST = 60_000
WIDE = (
    "import pandas as pd\n"
    "pd.set_option('display.width', 150, 'display.max_columns', 12, 'display.max_colwidth', 110)"
)
FIGURE = re.compile(r'^found\.figures\(\)\["(\w+)"\]$')


def run(folder: Path) -> NotebookNode:
    """Run the notebook in an empty folder, on made-up customers; its report is left there."""
    notebook = nbformat.read(HERE / f"{NOTEBOOK}.ipynb", as_version=4)
    cells = notebook.cells
    notebook.cells = [new_code_cell(WIDE), *cells, new_code_cell('found.report("report.html")')]
    os.environ["SEGMENTATION_DATA_DIR"] = str(folder)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    notebook.cells = cells
    return notebook


def written(notebook: NotebookNode, pictures: Path) -> str:
    """The notebook as Markdown, its figures as files."""
    parts = [
        f"*What `{NOTEBOOK}.ipynb` shows of made-up customers; made by `python experiments/pictures.py`.*"
    ]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                parts.append(picture(cell.source, data["image/png"], pictures))
            elif output.get("name") != "stderr":
                text = output.get("text") or data["text/plain"]
                # A table's empty ends of lines say nothing.
                parts.append("```\n" + re.sub(r"[ \\]+$", "", text.rstrip(), flags=re.MULTILINE) + "\n```")
    return "\n\n".join(parts) + "\n"


def picture(source: str, content: str, pictures: Path) -> str:
    """Keep a figure under its name, small; its Markdown."""
    called = FIGURE.match(source)
    assert called, f"a picture comes from one figure alone, not from: {source}"
    small(base64.b64decode(content), pictures / f"{called[1]}.png")
    return f"![{called[1].replace('_', ' ')}](pictures/{called[1]}.png)"


def small(png: bytes, path: Path) -> None:
    """Write a picture as wide as a README shows it, with as many colours as fit."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    for colours in (256, 128, 64, 32):
        few = image.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            return
    raise SystemExit(f"{path.name} has more than {LARGEST} bytes")


def photograph(report: Path, path: Path) -> None:
    """Take a segment's card of the report in Chromium."""
    from playwright.sync_api import sync_playwright

    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    chromium = next((program for program in found if program), None)
    if chromium is None:
        print("There is no Chromium: the picture of the report is left as it is.", file=sys.stderr)
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 698}, color_scheme="light")
        page.goto(report.as_uri())
        page.get_by_role("link", name="high income, high spending").first.click()
        small(page.screenshot(), path)
        browser.close()


def main(target: Path = HERE) -> None:
    """Make all of it in a folder."""
    pictures = target / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        notebook = run(Path(name))
        (target / "example.md").write_text(written(notebook, pictures), encoding="utf-8")
        photograph(Path(name) / "report.html", pictures / "report.png")


if __name__ == "__main__":
    main()

"""The page: what it shows, and that nothing from data is more than text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import InputError
from segmentation.report import Code, Picture, Section, Table, page, write_files, write_page

EVIL = "<script>alert(1)</script>"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8ffff3f0005fe02fe"
    "a7b3d1d10000000049454e44ae426082"
)


class Outline(HTMLParser):
    """The tags of a page with their attributes, and the text of its cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in {"td", "th"}:
            self.cells[-1] += data.strip("\n")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def cells(frame: pd.DataFrame) -> list[str]:
    return Outline(page("t", "l", [Section("s", [Table("c", frame)])])).cells


@pytest.mark.parametrize(
    "evil", [EVIL, '"><img src=x onerror=alert(1)>', "'--></style><script>alert(1)</script>"]
)
def test_text_from_data_never_becomes_a_tag(evil: str) -> None:
    def outline(text: str) -> list[str]:
        frame = pd.DataFrame({text: [text, "b"]}, index=pd.Index([text, "x"], name=text))
        parts = [text, Picture(text, text, PNG), Table(text, frame), Code(text, text), Section(text, [text])]
        return [tag for tag, _ in Outline(page(text, text, [Section(text, parts)])).tags]

    assert outline(evil) == outline("harmless")


def test_the_page_may_load_nothing() -> None:
    outline = Outline(page("t", "l", [Section("s", [Picture("p", "a", PNG)])]))
    policy = next(
        m["content"] for m in outline.all("meta") if m.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not outline.all("link")
    assert [image["src"].split(",")[0] for image in outline.all("img")] == ["data:image/png;base64"]


def test_headings_go_down_by_one_and_the_contents_lead_to_them() -> None:
    html = page("t", "l", [Section("a", ["x", Section("b", [Section("c", [])])]), Section("d", [])])
    outline = Outline(html)
    assert re.findall(r"<h(\d)", html) == ["1", "2", "2", "3", "4", "2"]
    ids = {attributes["id"] for _, attributes in outline.tags if "id" in attributes}
    links = [link["href"].removeprefix("#") for link in outline.all("a")]
    assert links == ["content", "section-1", "section-1-2", "section-2"]
    assert ids.issuperset(links)


def test_every_scroll_area_can_be_reached_and_is_called_something() -> None:
    outline = Outline(
        page("t", "l", [Section("s", [Table("wide", pd.DataFrame({"a": [1]})), Code("sql", "x")])])
    )
    areas = [a for tag, a in outline.tags if a.get("role") == "region"]
    assert [(a["aria-label"], a["tabindex"]) for a in areas] == [("wide", "0"), ("sql", "0")]


def test_numbers_of_a_column_have_as_many_decimals() -> None:
    frame = pd.DataFrame({"who": ["a", "b", "c"], "income": [55.2963, 8.0, np.nan], "n": [1200, 35, 4]})
    assert cells(frame) == ["who", "income", "n", "a", "55.3", "1,200", "b", "8.0", "35", "c", "–", "4"]


def test_a_number_too_small_for_its_column_is_not_shown_as_nothing() -> None:
    assert cells(pd.DataFrame({"column": ["age", "sex", "none"], "p": [5.5e-9, 0.69, 0.0]}))[3::2] == [
        "5.5e-09",
        "0.690",
        "0.000",
    ]


def test_the_index_heads_the_rows_unless_it_only_counts() -> None:
    named = pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="who"))
    assert cells(named) == ["who", "a", "x", "1"]
    assert cells(named.reset_index(drop=True)) == ["a", "1"]
    assert '<th scope="row">' in page("t", "l", [Section("s", [Table("c", named)])])


def test_truth_values_and_nothing_are_words() -> None:
    assert cells(pd.DataFrame({"a": [True, False], "b": [None, "x"]})) == ["a", "b", "yes", "–", "no", "x"]


def test_two_columns_of_one_name_and_several_levels_are_shown() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"], index=pd.MultiIndex.from_tuples([("x", "y")]))
    assert cells(frame) == ["", "", "a", "a", "x", "y", "1", "2"]
    wide = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("income", "mean")]))
    assert cells(wide) == ["income · mean", "1"]


def test_an_empty_table_is_a_table() -> None:
    assert cells(pd.DataFrame({"a": []})) == ["a"]


def test_half_a_character_does_not_stop_the_page() -> None:
    page("a\ud800b", "l", []).encode("utf-8")


def test_files_are_written_into_a_folder_without_their_own(tmp_path: Path) -> None:
    write_files(tmp_path / "new", {"data/a.csv": b"1", "b.html": b"2"}, "output=new", "a folder")
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == {
        "a.csv": b"1",
        "b.html": b"2",
    }


def test_what_cannot_be_written_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^output=x cannot be written \(.*\); valid is a folder\.$"):
        write_files(tmp_path / "file", {"a": b""}, "output=x", "a folder")
    with pytest.raises(InputError, match="cannot be written .* valid is a file that ends in .html"):
        write_page(tmp_path / "file" / "page.html", "")
    with pytest.raises(InputError, match="valid is a file that ends in .html"):
        write_page(tmp_path / "page.txt", "")

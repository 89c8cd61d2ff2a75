"""Self-contained HTML pages: everything inside the file, nothing from the network."""

from segmentation.report._markdown import markdown
from segmentation.report._page import page, write_page
from segmentation.report._parts import Code, Facts, Picture, Points, Scatter3D, Section, Table
from segmentation.report.clustering import StudyReport, to_frame, to_html, to_json, to_markdown

__all__ = [
    "Code",
    "Facts",
    "Picture",
    "Points",
    "Scatter3D",
    "Section",
    "StudyReport",
    "Table",
    "markdown",
    "page",
    "to_frame",
    "to_html",
    "to_json",
    "to_markdown",
    "write_page",
]

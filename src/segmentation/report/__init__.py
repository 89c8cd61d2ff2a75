"""Self-contained HTML pages: everything inside the file, nothing from the network."""

from segmentation.report._data import DataSummary, data_page, data_text
from segmentation.report._markdown import markdown
from segmentation.report._page import page, write_files, write_page
from segmentation.report._parts import Code, Facts, Picture, Points, Scatter3D, Section, Table
from segmentation.report.clustering import StudyReport, to_frame, to_html, to_json, to_markdown

__all__ = [
    "Code",
    "DataSummary",
    "Facts",
    "Picture",
    "Points",
    "Scatter3D",
    "Section",
    "StudyReport",
    "Table",
    "data_page",
    "data_text",
    "markdown",
    "page",
    "to_frame",
    "to_html",
    "to_json",
    "to_markdown",
    "write_files",
    "write_page",
]

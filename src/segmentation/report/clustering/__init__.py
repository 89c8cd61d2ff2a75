"""The report of a clustering: what is known as values, and how each reader gets it."""

from segmentation.report.clustering._machine import to_frame, to_json
from segmentation.report.clustering._pages import to_html, to_markdown
from segmentation.report.clustering._study import StudyReport

__all__ = ["StudyReport", "to_frame", "to_html", "to_json", "to_markdown"]

"""Self-contained HTML pages: everything inside the file, nothing from the network."""

from segmentation.report._page import page
from segmentation.report._parts import Code, Facts, Picture, Points, Scatter3D, Section, Table

__all__ = ["Code", "Facts", "Picture", "Points", "Scatter3D", "Section", "Table", "page"]

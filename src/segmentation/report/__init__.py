"""Self-contained HTML pages: everything inside the file, nothing from the network."""

from segmentation.report._page import Code, Picture, Section, Table, page

__all__ = ["Code", "Picture", "Section", "Table", "page"]

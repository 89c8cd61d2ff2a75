"""Customer tables: read, check, repair and fingerprint them."""

from segmentation.data.checks import Checks
from segmentation.data.customers import Customers, Finding, findings_table, fingerprint, is_number
from segmentation.data.demo import Demo
from segmentation.data.files import count_rows
from segmentation.data.mall import MallFile
from segmentation.data.table import TableFile
from segmentation.data.transactions import Transactions

__all__ = [
    "Checks",
    "Customers",
    "Demo",
    "Finding",
    "MallFile",
    "TableFile",
    "Transactions",
    "count_rows",
    "findings_table",
    "fingerprint",
    "is_number",
]

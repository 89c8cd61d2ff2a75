"""Customer segmentation: find segments, say whether they are real, describe them, score new customers.

In a notebook::

    import segmentation as sg

    customers = sg.MallFile("Mall_Customers.csv").read()
    sg.explore(customers).report("data.html")
    found = sg.search(customers, ["annual_income", "spending_score"])
    found.verdict.sentence, found.names, found.profile.summary(), found.recommendations
    found.figures()["segment_separation"]
    found.report("report.html")
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from segmentation.errors import InputError

if TYPE_CHECKING:
    from segmentation.data import Customers, Demo, MallFile, TableFile, Transactions
    from segmentation.features import FeatureSet
    from segmentation.workflows import DataExploration, SegmentationResult, explore, fit, search

__all__ = [
    "Customers",
    "DataExploration",
    "Demo",
    "FeatureSet",
    "InputError",
    "MallFile",
    "SegmentationResult",
    "TableFile",
    "Transactions",
    "explore",
    "fit",
    "search",
]

__version__ = "0.1.0"

# Of Optuna's progress bar, which is not used here: notebooks would show it first of all.
warnings.filterwarnings("ignore", "IProgress not found")

_HOMES = {
    "workflows": ("DataExploration", "SegmentationResult", "explore", "fit", "search"),
    "data": ("Customers", "Demo", "MallFile", "TableFile", "Transactions"),
    "features": ("FeatureSet",),
}


def __getattr__(name: str) -> Any:
    # Nothing heavy is imported before it is asked for, so that the command line answers at once.
    for folder, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{folder}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

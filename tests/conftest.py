"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, or a skip that says how to get one."""
    folder = os.environ.get("SEGMENTATION_DATA_DIR")
    if not folder:
        pytest.skip("SEGMENTATION_DATA_DIR is not set: no real data sets to test on")
    return Path(folder)

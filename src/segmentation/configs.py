"""Where the configs are."""

from pathlib import Path


def conf_dir() -> Path:
    """The folder of configs: inside an installed wheel, or at the top of the repository."""
    installed = Path(__file__).parent / "conf"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "conf"

"""The commands. The only folder that knows Hydra; it reads configs and calls functions that do not."""

from segmentation.commands._launch import launch

__all__ = ["launch"]

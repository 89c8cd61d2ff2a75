"""What the segments are like."""

from segmentation.profiling._advice import Suggestion, advise, starting_features
from segmentation.profiling._associations import Associations, associate
from segmentation.profiling._attractiveness import Attractiveness
from segmentation.profiling._columns import describe_columns
from segmentation.profiling._descriptors import holm, significance
from segmentation.profiling._names import UNLIKE, Naming
from segmentation.profiling._playbook import Play, Playbook, Recommendation
from segmentation.profiling._profile import NOISE, Profile, describe
from segmentation.profiling._rules import Node, Rule, Rules, surrogate
from segmentation.profiling._scalers import scale, scaler_effects, scaler_summary

__all__ = [
    "NOISE",
    "UNLIKE",
    "Associations",
    "Attractiveness",
    "Naming",
    "Node",
    "Play",
    "Playbook",
    "Profile",
    "Recommendation",
    "Rule",
    "Rules",
    "Suggestion",
    "advise",
    "associate",
    "describe",
    "describe_columns",
    "holm",
    "scale",
    "scaler_effects",
    "scaler_summary",
    "significance",
    "starting_features",
    "surrogate",
]

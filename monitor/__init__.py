"""The core: looks, judges, matches, tells. It knows no channel and no rule by name."""

__version__ = "0.1.0"

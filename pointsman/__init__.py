"""Pointsman: routes each agent task to the executor that fits, through one governed door."""

__version__ = "0.1.0"

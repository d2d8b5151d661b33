"""The tools offered: lists of `Tool`, one file per family."""

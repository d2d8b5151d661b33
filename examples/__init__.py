"""Things to point Pointsman at."""

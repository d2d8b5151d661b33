"""The MiniWoB++ tasks, done by policies that see what the tools answer and nothing else."""

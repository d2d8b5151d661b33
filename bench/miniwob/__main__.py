"""`python -m bench.miniwob [--tasks a,b] [--seeds N] [--reference] [--json PATH]`."""

import argparse
from pathlib import Path

from bench.miniwob import report

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.miniwob", description=report.__doc__)
    parser.add_argument("--tasks", default="", help="names, with commas between; all that have a policy, if not given")
    parser.add_argument("--seeds", type=int, default=5, help="episodes of each task")
    parser.add_argument("--reference", action="store_true", help="run the Playwright MCP server too")
    parser.add_argument("--json", type=Path, help="where to save the figures")
    told = parser.parse_args()
    chosen = [task for task in told.tasks.split(",") if task]
    report.main(tasks=chosen, seeds=told.seeds, reference=told.reference, path=told.json)

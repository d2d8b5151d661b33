"""`python -m bench.browser [--json PATH]`: both servers side by side."""

import argparse
from pathlib import Path

from bench.browser import report

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.browser", description=report.__doc__)
    parser.add_argument("--json", type=Path, help="where to save the figures")
    report.main(parser.parse_args().json)

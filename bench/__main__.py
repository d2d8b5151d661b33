"""`python -m bench`: every benchmark, in turn."""

from bench import overhead
from bench.browser import report

if __name__ == "__main__":
    overhead.main()
    report.main()

"""`python -m bench`: every benchmark, in turn."""

from bench import overhead

if __name__ == "__main__":
    overhead.main()

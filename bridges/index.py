"""The full-text index over tools: SQLite FTS5 in memory, weighted columns, best first."""

import re
import sqlite3
from collections.abc import Iterable

__all__ = ["Index"]


class Index:
    """Names, descriptions and parameters, searchable."""

    def __init__(self, entries: Iterable[tuple[str, str, str]]) -> None:
        """Index entries of (name, description, words of the parameters)."""
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute(
            "create virtual table tools using fts5"
            "(id unindexed, name, description, parameters, tokenize='porter unicode61')"
        )
        rows = [(name, _words(name), description, parameters) for name, description, parameters in entries]
        self._connection.executemany("insert into tools values (?, ?, ?, ?)", rows)

    def search(self, query: str, *, limit: int) -> list[str]:
        """Return the names that fit the query, best first."""
        words = re.findall(r"\w+", _words(query))
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in words)
        ranked = "select id from tools where tools match ? order by bm25(tools, 0, 2.0, 1.0, 0.5), id limit ?"
        return [row[0] for row in self._connection.execute(ranked, (match, limit))]


def _words(text: str) -> str:
    """Split names in snake and camel case into words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("_", " ")

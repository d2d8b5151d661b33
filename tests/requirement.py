"""What a promise is made of, in the manifest of requirements."""

from dataclasses import dataclass

__all__ = ["Requirement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One promise.

    `source` is "article: <section>" for the founding article and "issue 2: <section>.<point>" for an issue;
    where an issue has one list, "issue 3: build.<point>"; its closing list is "issue 2: shown by <number>".
    """

    id: str
    source: str
    text: str
    tests: tuple[str, ...] = ()
    gap: str | None = None

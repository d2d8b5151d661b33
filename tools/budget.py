"""Bounds of a run: turns, actions, time, money. Pure: the caller brings what was spent.

An unknown price is never counted as zero: with a money bound, it stops the run.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from bridges.model import Usage

__all__ = ["Budget", "Price", "Spent"]

Price = Callable[[str, Usage], Decimal | None]
"""What a reply of a model costs in US dollars; None when nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that a run may use. `usd` None means that money is not bounded."""

    turns: int = 40
    actions: int = 120
    seconds: float = 15 * 60.0
    usd: Decimal | None = Decimal(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a run has used. `usd` None means that some of it has no known price."""

    turns: int = 0
    actions: int = 0
    seconds: float = 0.0
    usd: Decimal | None = Decimal(0)

    def plus(self, *, turns: int = 0, actions: int = 0, usd: Decimal | None = Decimal(0)) -> "Spent":
        """Return the sum; a price that is not known makes the total unknown."""
        total = None if self.usd is None or usd is None else self.usd + usd
        return replace(self, turns=self.turns + turns, actions=self.actions + actions, usd=total)

    def over(self, budget: Budget) -> str | None:
        """Return which bound is reached, in words, or None while there is room."""
        if self.turns >= budget.turns:
            return f"{budget.turns} turns are used up"
        if self.actions >= budget.actions:
            return f"{budget.actions} actions are used up"
        if self.seconds >= budget.seconds:
            return f"{budget.seconds:g} s are used up"
        if budget.usd is None:
            return None
        if self.usd is None:
            return "the price of a reply is unknown, so the money bound cannot be kept; configure usd = 0 to lift it"
        if self.usd >= budget.usd:
            return f"US${budget.usd} are used up"
        return None

"""Episodes: each task with each seed on each server, in turn, and what came of them."""

import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from bench.miniwob import clicking, entering, working
from bench.miniwob.hand import Hand, Lost, Name, started
from bench.miniwob.site import Site, served

__all__ = ["POLICIES", "Episode", "Total", "episodes", "total"]

POLICIES = {**clicking.POLICIES, **entering.POLICIES, **working.POLICIES}
_PATIENCE_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One task with one seed on one server. `why` says what went wrong."""

    name: Name
    task: str
    seed: int
    reward: float
    steps: int
    seconds: float
    questions: int
    answers: tuple[str, ...]
    why: str = ""

    @property
    def solved(self) -> bool:
        """Whether the task was done as it was meant: the whole reward, not a part of it."""
        return self.reward >= 1 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Several episodes: how many were solved, and medians over these."""

    episodes: int
    solved: int
    steps: float
    tokens: float
    seconds: float


async def episodes(names: Sequence[Name], tasks: Sequence[str], seeds: int) -> AsyncGenerator[Episode]:
    """Run everything and give each episode as it ends."""
    with served() as site, tempfile.TemporaryDirectory() as folder:
        for name in names:
            place = Path(folder) / name
            place.mkdir()
            async with started(name, place, site.origin) as hand:
                for task in tasks:
                    for seed in range(1, seeds + 1):
                        yield await _episode(hand, site, task, seed)


async def _episode(hand: Hand, site: Site, task: str, seed: int) -> Episode:
    asked, began, why = hand.person.questions, time.perf_counter(), ""
    try:
        with anyio.fail_after(_PATIENCE_S):
            await hand.open(site.address(task, seed))
            await POLICIES[task](hand)
    except (Lost, LookupError, ValueError, StopIteration) as error:  # a policy is no more than a guess at a page
        why = f"{type(error).__name__}: {error}"
    except TimeoutError:
        why = f"not done in {_PATIENCE_S} s"
    seconds = time.perf_counter() - began
    end = await anyio.to_thread.run_sync(site.ended, seed)
    return Episode(
        name=hand.name,
        task=task,
        seed=seed,
        reward=end["reward"] if end else 0,
        steps=len(hand.answers),
        seconds=seconds,
        questions=hand.person.questions - asked,
        answers=tuple(hand.answers),
        why=why or ("" if end is None else end["reason"]) or ("" if end else "the episode did not end"),
    )


def total(found: Sequence[Episode], tokens: Sequence[int]) -> Total:
    """Sum episodes up, given how many tokens each took."""
    solved = [(episode, count) for episode, count in zip(found, tokens, strict=True) if episode.solved]
    return Total(
        episodes=len(found),
        solved=len(solved),
        steps=statistics.median(episode.steps for episode, _ in solved) if solved else 0,
        tokens=statistics.median(count for _, count in solved) if solved else 0,
        seconds=statistics.median(episode.seconds for episode, _ in solved) if solved else 0,
    )

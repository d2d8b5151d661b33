"""Models and their limits, as data with a date: what the two bridges and a router need to know about each.

Prices are not here (see `bridges.prices`). This module knows no vendor's SDK.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

__all__ = ["FACTS_DATE", "KNOWN_MODELS", "SCRIPTED", "ModelFacts", "Vendor", "facts_of"]

FACTS_DATE = date(2026, 11, 23)
"""The day on which the facts below were collected."""

SCRIPTED = "scripted/"
"""What the name of a model begins with on the wire when a stand-in plays it."""

Vendor = Literal["anthropic", "openai"]
Effort = Literal["low", "medium", "high"]

_EFFORTS: tuple[Effort, ...] = ("low", "medium", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What one model can take and give.

    `computer` names the dialect of the vendor's own computer tool that the bridge speaks with this model;
    "none" means that screens reach it through function tools only. `efforts` is empty where the parameter is
    rejected. `thinking` says how Claude's thinking is asked for: "adaptive" must be requested, "always" needs
    no asking. `image_side_px` is the longest side that is not scaled down; in a request with more than 20
    images `many_images_side_px` holds instead.
    """

    name: str
    vendor: Vendor
    context_tokens: int
    max_output_tokens: int
    computer: Literal["openai_computer", "none"] = "none"
    efforts: tuple[Effort, ...] = _EFFORTS
    thinking: Literal["adaptive", "always", "none"] = "none"
    forced_tool_choice: bool = True
    image_detail: Literal["original", "high"] = "high"
    image_side_px: int = 1_568
    many_images_side_px: int = 1_568


def facts_of(name: str) -> ModelFacts:
    """Return the facts of a model; for an unlisted one, the vendor by its prefix and cautious limits.

    Dated names ("gpt-5.4-2026-03-05") and names of stand-ins ("scripted/gpt-5.4") have their model's facts.

    Raises:
        ValueError: Neither the name nor its prefix is known; the message says which are.
    """
    plain = name.removeprefix(SCRIPTED)
    if known := KNOWN_MODELS.get(plain) or KNOWN_MODELS.get(_undated(plain)):
        return known
    if plain.startswith("claude-"):
        return ModelFacts(name=plain, vendor="anthropic", context_tokens=200_000, max_output_tokens=32_000, efforts=())
    if plain.startswith(("gpt-4", "chatgpt-")):
        return ModelFacts(name=plain, vendor="openai", context_tokens=128_000, max_output_tokens=16_000, efforts=())
    if plain.startswith(("gpt-", "o1", "o3", "o4")):
        return ModelFacts(name=plain, vendor="openai", context_tokens=128_000, max_output_tokens=32_000)
    raise ValueError(
        f"unknown model {name!r}: the configuration understands names that begin with claude- or gpt-; in code, any"
        " other is connected with ModelFacts of its own (vendor: 'anthropic' or 'openai', whose API it speaks;"
        f" context_tokens; max_output_tokens). Listed models: {', '.join(KNOWN_MODELS)}"
    )


def _undated(name: str) -> str:
    """Return the name without its date: both vendors append -YYYY-MM-DD or -YYYYMMDD to a dated snapshot."""
    head, _, tail = name.rpartition("-")
    if len(tail) == 8 and tail.isdigit():
        return head
    parts = name.rsplit("-", 3)
    return parts[0] if [len(part) for part in parts[1:]] == [4, 2, 2] and "".join(parts[1:]).isdigit() else name


def _claude(name: str, *, thinking: Literal["adaptive", "always"] = "adaptive") -> ModelFacts:
    """Describe a Claude of the 4.7 generation or later.

    Their vendor has computer tools too (`computer_20251124`, `computer_toolset_20260801`); this bridge does
    not speak those dialects, hence "none".
    """
    return ModelFacts(
        name=name,
        vendor="anthropic",
        context_tokens=1_000_000,
        max_output_tokens=128_000,
        thinking=thinking,
        forced_tool_choice=thinking != "always",
        image_side_px=2_576,
        many_images_side_px=2_000,
    )


def _gpt(name: str, *, context_tokens: int = 1_050_000, full_images: bool = True) -> ModelFacts:
    """Describe a GPT of the 5.4 generation or later, all of which take the `computer` tool."""
    return ModelFacts(
        name=name,
        vendor="openai",
        context_tokens=context_tokens,
        max_output_tokens=128_000,
        computer="openai_computer",
        image_detail="original" if full_images else "high",
        image_side_px=6_000 if full_images else 2_048,
        many_images_side_px=6_000 if full_images else 2_048,
    )


KNOWN_MODELS: Mapping[str, ModelFacts] = MappingProxyType(
    {
        facts.name: facts
        for facts in (
            _claude("claude-opus-4-7"),
            _claude("claude-opus-4-8"),
            _claude("claude-opus-5"),
            _claude("claude-opus-5-5", thinking="always"),
            _claude("claude-sonnet-5"),
            _claude("claude-sonnet-5-5"),
            _claude("claude-fable-5-2", thinking="always"),
            ModelFacts(
                name="claude-haiku-4-5",
                vendor="anthropic",
                context_tokens=200_000,
                max_output_tokens=64_000,
                efforts=(),
            ),
            _gpt("gpt-5.4"),
            _gpt("gpt-5.4-mini", context_tokens=272_000, full_images=False),
            _gpt("gpt-5.5"),
            _gpt("gpt-5.6-sol"),
            _gpt("gpt-5.6-terra"),
            _gpt("gpt-6-sol"),
            _gpt("gpt-6.1-sol"),
        )
    }
)
"""The models that are described in full, by name."""

"""What tokens cost, from the offline data of `genai-prices`. An unknown price is None, never zero."""

from decimal import Decimal
from importlib.metadata import version

from bridges.known_models import SCRIPTED, Vendor
from bridges.model import Usage

__all__ = ["cost_usd", "price_note", "upper_bound_usd"]


def cost_usd(model: str, usage: Usage, *, provider: Vendor | None = None) -> Decimal | None:
    """Return what the usage cost in US dollars at list prices, or None when the model's price is unknown.

    Tokens that Claude wrote to its cache are priced as plain input (`Usage` does not tell them apart), which
    is a fifth too little for them. `provider` None means: look for the model at every vendor.
    """
    return _price(
        model,
        provider,
        input_tokens=usage.input_tokens,
        cache_read_tokens=min(usage.cached_tokens, usage.input_tokens),
        output_tokens=usage.output_tokens,
    )


def upper_bound_usd(
    model: str, *, input_tokens: int, output_tokens: int, provider: Vendor | None = None
) -> Decimal | None:
    """Return the most that one call of this size may cost in US dollars, or None when the price is unknown.

    Every input token counts at the dearer of two rates: plain, or written to the cache.
    """
    prices = (
        _price(model, provider, input_tokens=input_tokens, output_tokens=output_tokens),
        _price(
            model,
            provider,
            input_tokens=input_tokens,
            cache_write_tokens=input_tokens,
            output_tokens=output_tokens,
        ),
    )
    known = [price for price in prices if price is not None]
    return max(known) if known else None


def price_note() -> str:
    """Say where the prices come from: they are as old as the package."""
    return f"list prices of genai-prices {version('genai-prices')}"


def _price(model: str, provider: Vendor | None, **tokens: int) -> Decimal | None:
    if model.startswith(SCRIPTED):
        return None  # a stand-in has no price
    import genai_prices  # here, because its tables cost 0.3 s to import

    usage = genai_prices.Usage(**tokens)
    try:
        return genai_prices.calc_price(usage, model, provider_id=provider).total_price
    except LookupError:
        return None

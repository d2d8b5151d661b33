"""What an HTTP status from a model vendor means, in our words: whose fault it is and what to do next.

This module knows no SDK: the bridges hand it the status, the vendor's code and the vendor's sentence.
"""

from bridges.known_models import Vendor
from bridges.model import (
    ModelAuthError,
    ModelError,
    ModelOverloaded,
    ModelRefused,
    ModelRequestError,
    ModelUnavailable,
)

__all__ = ["broken_off", "error_of_status", "no_connection", "too_late"]

_KEY_NAMES: dict[Vendor, str] = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
_REFUSALS = frozenset({"content_filter", "content_policy_violation", "invalid_prompt"})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_LONGEST_DETAIL = 600


def error_of_status(
    *, model: str, vendor: Vendor, status: int, code: str | None, detail: str, secret: str | None
) -> ModelError:
    """Return the error for a status. `secret` is the key that was sent; it is cut out of the detail."""
    said = _without(detail, secret)
    key = _KEY_NAMES[vendor]
    if code in _NO_CREDIT or status == 402:
        return ModelAuthError(f"{model}: the account has no credit left ({status}): add credit, then try again")
    if code in _REFUSALS:
        return ModelRefused(f"{model}: the vendor's policy stopped the request ({code}): {said}")
    match status:
        case 401:  # the vendor's sentence is left out: it quotes a part of the key
            return ModelAuthError(f"{model}: the vendor rejects the key (401): set a valid {key}, then restart")
        case 403:
            return ModelAuthError(f"{model}: the key may not do this (403): check what {key} allows. {said}")
        case 404:
            return ModelRequestError(
                f"{model}: the vendor does not know this model or address (404): check the model's name and"
                f" the base URL in the configuration, and that {key} may use the model. {said}"
            )
        case 413:
            return ModelRequestError(f"{model}: the request is too large (413): send fewer or smaller images. {said}")
        case 429 | 503 | 529:
            return ModelOverloaded(f"{model}: rate limit or overload ({status}): wait, then try again. {said}")
        case 408 | 409:
            return ModelUnavailable(f"{model}: the vendor did not finish ({status}): try again. {said}")
        case _ if status >= 500:
            return ModelUnavailable(f"{model}: the vendor failed ({status}): try again later. {said}")
        case _:
            return ModelRequestError(f"{model}: the vendor rejects the request ({status}): {said}")


def no_connection(*, model: str, base_url: str, detail: str) -> ModelUnavailable:
    """Return the error for a vendor that cannot be reached."""
    return ModelUnavailable(
        f"{model}: no answer from {base_url}: check the network, the proxy and the base URL ({detail})"
    )


def broken_off(*, model: str, detail: str) -> ModelUnavailable:
    """Return the error for an answer that stopped before its end."""
    return ModelUnavailable(f"{model}: the answer broke off: ask again ({detail})")


def too_late(*, model: str, deadline_s: float) -> ModelUnavailable:
    """Return the error for a vendor that let the deadline pass, its SDK's retries included."""
    return ModelUnavailable(
        f"{model}: no answer within {deadline_s:g} s, retries included: try again, or allow more time"
    )


def _without(detail: str, secret: str | None) -> str:
    clean = detail.replace(secret, "[key]") if secret else detail
    return clean if len(clean) <= _LONGEST_DETAIL else clean[:_LONGEST_DETAIL] + "…"

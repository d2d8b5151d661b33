"""Claude over Anthropic's Messages API, always streamed, since long answers outlive a plain response.

First-party through `connect`; for Bedrock, Vertex or Foundry hand the SDK's own client to `Claude`.
What the wire looks like is in `bridges.claude_wire`.
"""

from typing import TYPE_CHECKING, Any, Protocol

import anyio

from bridges.claude_wire import body_of, reply_of
from bridges.known_models import ModelFacts, facts_of
from bridges.model import ModelError, ModelRequestError, ModelUnavailable, Reply, Request
from bridges.vendor_errors import broken_off, error_of_status, no_connection, too_late

if TYPE_CHECKING:
    import httpx2
    from anthropic import APIStatusError, AsyncAnthropic
    from anthropic.resources.messages import AsyncMessages
    from anthropic.types import Message

__all__ = ["Claude", "MessagesClient", "connect"]

_ANTHROPIC = "https://api.anthropic.com"
_MOST_PAUSES = 4
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}


class MessagesClient(Protocol):
    """What `Claude` needs of a client: those for Bedrock and Vertex fit as well as AsyncAnthropic."""

    @property
    def messages(self) -> "AsyncMessages":
        """The Messages API."""
        ...

    @property
    def base_url(self) -> Any:
        """The address that requests go to."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


def connect(
    model: str,
    *,
    api_key: str,
    base_url: str | None = None,
    facts: ModelFacts | None = None,
    http_client: "httpx2.AsyncClient | None" = None,
    max_retries: int = 2,
) -> "Claude":
    """Connect to a Claude model.

    Everything is passed on explicitly, so that ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN, profiles and tracing
    variables in the environment change nothing. Two things remain beyond our reach: the SDK adds the headers
    in ANTHROPIC_CUSTOM_HEADERS, and, unless a `http_client` is given, HTTP follows the usual proxy variables.

    Args:
        model: The model's id; it is what requests carry.
        api_key: The key.
        base_url: Another endpoint that speaks the Messages API, without "/v1".
        facts: The model's limits, for a model that `known_models` does not list.
        http_client: The HTTP client to use. `Claude.aclose` closes it.
        max_retries: How often the SDK repeats a call that met a rate limit, an overload or a lost connection.

    Raises:
        ValueError: Nothing is known about the model and no facts were given.
    """
    from anthropic import AsyncAnthropic  # here, because it costs 1.6 s to import

    known = facts or facts_of(model)
    client = AsyncAnthropic(
        api_key=api_key,
        webhook_key="",
        base_url=base_url or _ANTHROPIC,
        open_telemetry=False,
        max_retries=max_retries,
        http_client=http_client,
    )
    return Claude(client, model, facts=known, api_key=api_key)


class Claude:
    """A Claude model; implements `bridges.model.Model`.

    `cached` asks for automatic prompt caching; give False for a platform that rejects it. `api_key` is only
    used to keep the key out of error messages.
    """

    def __init__(
        self,
        client: "AsyncAnthropic | MessagesClient",
        name: str,
        *,
        facts: ModelFacts | None = None,
        cached: bool = True,
        api_key: str | None = None,
    ) -> None:
        self._client = client
        self._name = name
        self._facts = facts or facts_of(name)
        self._cached = cached
        self._api_key = api_key

    @property
    def name(self) -> str:
        """The model id that requests carry."""
        return self._name

    async def aclose(self) -> None:
        """Close the connections, those of a `http_client` that was handed in included."""
        await self._client.close()

    async def reply(self, request: Request) -> Reply:
        """Answer the request.

        Raises:
            ModelError: No usable answer came; the subclass says whose fault it is.
        """
        body = body_of(request, self._name, self._facts, cached=self._cached)
        try:
            with anyio.fail_after(request.deadline_s):
                messages = await self._messages(body)
        except TimeoutError as error:
            raise too_late(model=self._name, deadline_s=request.deadline_s) from error
        return reply_of(messages, structured=request.schema is not None)

    async def _messages(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the message, preceded by those in which the model paused and was asked to go on."""
        said: list[dict[str, Any]] = []
        for _ in range(_MOST_PAUSES):
            asked = body["messages"] + [{"role": "assistant", "content": part["content"]} for part in said]
            said.append(await self._ask({**body, "messages": asked}))
            match said[-1]["stop_reason"]:
                case "pause_turn":
                    continue
                case "model_context_window_exceeded":
                    raise ModelRequestError(
                        f"{self._name}: the conversation no longer fits into the model's context of"
                        f" {self._facts.context_tokens:,} tokens: start afresh with a summary"
                    )
                case _:
                    return said
        raise ModelUnavailable(f"{self._name}: it paused {_MOST_PAUSES} times without an end: ask for less at once")

    async def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        import anthropic  # here, because it costs 1.6 s to import; whoever built the client has paid already
        import httpx2  # comes with the SDK, which lets its errors through while a stream is read

        message: Message | None = None
        try:
            async with self._client.messages.stream(**body) as stream:
                async for event in stream:
                    if event.type == "message_stop":
                        message = getattr(event, "message", None)  # None when no message was begun
        except anthropic.APIStatusError as error:
            raise self._error_of(error) from error
        except anthropic.APIConnectionError as error:
            detail = repr(error.__cause__ or error)
            raise no_connection(model=self._name, base_url=str(self._client.base_url), detail=detail) from error
        except anthropic.AnthropicError as error:
            raise ModelUnavailable(f"{self._name}: the SDK gave up: {error!r}") from error
        except (
            httpx2.HTTPError,
            ValueError,
            RuntimeError,
        ) as error:  # the last two: JSON or events out of shape
            raise broken_off(model=self._name, detail=f"{error!r:.300}") from error
        if message is None or message.stop_reason is None:
            raise broken_off(model=self._name, detail="the stream ended before the message did")
        return message.to_dict(mode="json")

    def _error_of(self, error: "APIStatusError") -> ModelError:
        """Translate a status; an error inside a stream has status 200, and its type tells the real one."""
        status = error.status_code if error.status_code >= 400 else _STATUS_OF_TYPE.get(str(error.type), 500)
        return error_of_status(
            model=self._name,
            vendor="anthropic",
            status=status,
            code=error.type,
            detail=error.message,
            secret=self._api_key,
        )

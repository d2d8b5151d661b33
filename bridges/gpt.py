"""GPT over OpenAI's Responses API: first-party, Azure, or any endpoint that speaks the same.

Nothing is stored at the vendor: every request carries the whole history, and what the model said is replayed
as it came. What the wire looks like is in `bridges.gpt_wire`.
"""

import json
from typing import TYPE_CHECKING, Any, cast

import anyio

from bridges.gpt_wire import body_of, reply_of
from bridges.known_models import ModelFacts, facts_of
from bridges.model import ModelError, ModelUnavailable, Reply, Request
from bridges.vendor_errors import broken_off, error_of_status, no_connection, too_late

if TYPE_CHECKING:
    import httpx2
    from openai import APIStatusError, AsyncOpenAI

__all__ = ["Gpt", "connect", "connect_azure"]

_OPENAI = "https://api.openai.com/v1"


def connect(
    model: str,
    *,
    api_key: str,
    base_url: str | None = None,
    organization: str | None = None,
    project: str | None = None,
    facts: ModelFacts | None = None,
    http_client: "httpx2.AsyncClient | None" = None,
    max_retries: int = 2,
) -> "Gpt":
    """Connect to a GPT model.

    Everything is passed on explicitly, so that OPENAI_BASE_URL, OPENAI_ORG_ID and their like in the
    environment change nothing. Two things remain beyond our reach: the SDK adds the headers in
    OPENAI_CUSTOM_HEADERS, and, unless a `http_client` is given, HTTP follows the usual proxy variables.

    Args:
        model: The model's id; it is what requests carry.
        api_key: The key.
        base_url: Another endpoint that speaks the Responses API, with its "/v1".
        organization: The OpenAI organization to bill.
        project: The OpenAI project to bill.
        facts: The model's limits, for a model that `known_models` does not list.
        http_client: The HTTP client to use. `Gpt.aclose` closes it.
        max_retries: How often the SDK repeats a call that met a rate limit, an overload or a lost connection.

    Raises:
        ValueError: Nothing is known about the model and no facts were given.
    """
    from openai import AsyncOpenAI  # here, because it costs 1.2 s to import

    known = facts or facts_of(model)
    client = AsyncOpenAI(
        api_key=api_key,
        admin_api_key="",
        organization=organization or "",
        project=project or "",
        webhook_secret="",
        base_url=base_url or _OPENAI,
        max_retries=max_retries,
        http_client=http_client,
    )
    return Gpt(_without_empty_headers(client), model, facts=known)


def connect_azure(
    deployment: str,
    *,
    api_key: str,
    endpoint: str,
    api_version: str,
    facts: ModelFacts,
    http_client: "httpx2.AsyncClient | None" = None,
    max_retries: int = 2,
) -> "Gpt":
    """Connect to a GPT model deployed on Azure, under the deployment's name.

    Args:
        deployment: The deployment's name; it is what requests carry.
        api_key: The key of the Azure resource.
        endpoint: The address of the resource, such as "https://example.openai.azure.com".
        api_version: The version of Azure's API.
        facts: The limits of the model behind the deployment, as `facts_of("gpt-5.4")` gives them.
        http_client: The HTTP client to use. `Gpt.aclose` closes it.
        max_retries: How often the SDK repeats a call.
    """
    from openai import AsyncAzureOpenAI  # here, because it costs 1.2 s to import

    client = AsyncAzureOpenAI(
        api_key=api_key,
        admin_api_key="",
        organization="",
        project="",
        webhook_secret="",
        azure_endpoint=endpoint,
        api_version=api_version,
        max_retries=max_retries,
        http_client=http_client,
    )
    return Gpt(_without_empty_headers(client), deployment, facts=facts)


def _without_empty_headers(client: "AsyncOpenAI") -> "AsyncOpenAI":
    """Turn "" back into None: it kept the environment from being read, but would become a header."""
    client.organization = client.organization or None
    client.project = client.project or None
    client.admin_api_key = None
    client.webhook_secret = None
    return client


class Gpt:
    """A GPT model; implements `bridges.model.Model`."""

    def __init__(self, client: "AsyncOpenAI", name: str, *, facts: ModelFacts | None = None) -> None:
        self._client = client
        # The raw answer, since items are replayed as they came and the SDK's types would coerce them.
        self._create: Any = client.responses.with_raw_response.create
        self._name = name
        self._facts = facts or facts_of(name)

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
        body = body_of(request, self._name, self._facts)
        try:
            with anyio.fail_after(request.deadline_s):
                wire = await self._ask(body)
        except TimeoutError as error:
            raise too_late(model=self._name, deadline_s=request.deadline_s) from error
        return reply_of(wire, self._name, structured=request.schema is not None)

    async def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        import openai  # here, because it costs 1.2 s to import; whoever built the client has paid already

        try:
            answer = await self._create(**body)
            wire = json.loads(answer.http_response.content)
        except openai.APIStatusError as error:
            raise self._error_of(error) from error
        except openai.APIConnectionError as error:
            detail = repr(error.__cause__ or error)
            raise no_connection(model=self._name, base_url=str(self._client.base_url), detail=detail) from error
        except openai.OpenAIError as error:
            raise ModelUnavailable(f"{self._name}: the SDK gave up: {error!r}") from error
        except ValueError as error:
            raise broken_off(model=self._name, detail="it is not JSON; is the base URL right?") from error
        if not isinstance(wire, dict) or "output" not in wire:
            raise broken_off(model=self._name, detail="it is no response; is the base URL right?")
        return cast("dict[str, Any]", wire)

    def _error_of(self, error: "APIStatusError") -> ModelError:
        return error_of_status(
            model=self._name,
            vendor="openai",
            status=error.status_code,
            code=error.code,
            detail=error.message,
            secret=self._client.api_key,
        )

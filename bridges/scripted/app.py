"""The application that plays models: both vendors' wire formats over HTTP, in process or on loopback.

It answers `POST …/responses` and `POST …/messages`, whole or streamed, and `GET …/models`, by the steps of a
script, and records every request it is sent.
"""

import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import httpx2
import uvicorn
from pydantic import BaseModel, ValidationError

from bridges.known_models import KNOWN_MODELS, SCRIPTED, Vendor
from bridges.scripted.saying import Saying, saying_of
from bridges.scripted.script import Failure, NotShown, Script, Step, unmet
from bridges.scripted.shown import Shown, shown_by

__all__ = ["Received", "ScriptedModels", "serving", "transport"]

_Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request as a real model would have been sent it. Headers are left out: they hold the key."""

    vendor: Vendor
    model: str
    body: _Json = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An HTTP answer; when it is not `complete`, the connection breaks after the chunks."""

    status: int
    headers: dict[str, str]
    chunks: tuple[bytes, ...]
    complete: bool = True


class ScriptedModels:
    """An ASGI application that plays a script."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Received] = []
        self._script = script
        self._given: dict[str, int] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Speak ASGI. A cut answer ends without its last message, so that the server drops the connection."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        named = {name.decode().lower() for name, _ in scope["headers"]}
        answer = await self.answer(scope["method"], scope["path"], "anthropic-version" in named, body)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for chunk in answer.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if answer.complete:
            await send({"type": "http.response.body", "body": b""})

    async def answer(self, method: str, path: str, is_anthropic: bool, body: bytes) -> _Answer:
        """Answer one HTTP request."""
        match method, path.rstrip("/").rpartition("/")[2]:
            case "GET", "models":
                return _json(200, _models("anthropic" if is_anthropic else "openai"))
            case "POST", "responses":
                return await self._play("openai", body)
            case "POST", "messages":
                return await self._play("anthropic", body)
            case _:
                vendor: Vendor = "anthropic" if is_anthropic else "openai"
                return _error(vendor, 404, f"stand-ins answer responses, messages and models, not {method} {path}")

    async def _play(self, vendor: Vendor, raw: bytes) -> _Answer:
        body = _body(raw)
        if body is None:
            return _error(vendor, 400, "the body must be a JSON object with a model")
        model: str = body["model"]
        self.requests.append(Received(vendor=vendor, model=model, body=body))
        part, steps = self._script.part(vendor, model.removeprefix(SCRIPTED))
        try:
            step = self._next(part, steps, shown := shown_by(vendor, body))
            if step.delay_s:
                await anyio.sleep(step.delay_s)
            if step.error:
                return _failure(vendor, step.error)
            saying = saying_of(step, shown, number=len(self.requests), model=model)
            return _cut(_said(vendor, saying, stream=body.get("stream") is True), step)
        except NotShown as error:
            return _error(vendor, 400, f"script, part {part!r}: {error}")
        except ValidationError as error:
            return _error(vendor, 400, f"script, part {part!r}: the SDK's types reject it: {error}")

    def _next(self, part: str, steps: tuple[Step, ...], shown: Shown) -> Step:
        """Return the step whose turn it is. One that does not get what it expects keeps its turn."""
        turns = [step for step in steps for _ in range(step.times)]
        given = self._given.get(part, 0)
        if given >= len(turns):
            # a 400, since the SDKs would repeat the question after a 500
            raise NotShown(f"exhausted after {given} answers: add a step for this request")
        if missing := unmet(turns[given].expect, shown):
            raise NotShown(f"answer {given + 1}: {missing}")
        self._given[part] = given + 1
        return turns[given]


def transport(app: ScriptedModels) -> httpx2.AsyncClient:
    """Return an HTTP client that reaches the application in process, for `connect(http_client=…)`.

    It hands on the chunks of a stream one by one, and breaks where the script cuts; httpx2's own
    ASGITransport gathers the whole body first.
    """
    return httpx2.AsyncClient(transport=_InProcess(app))


@asynccontextmanager
async def serving(app: ScriptedModels) -> AsyncGenerator[str]:
    """Serve the application on a free port of loopback and yield its address, without "/v1"."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(
            app, lifespan="off", log_config=None, log_level="critical", ws="none", timeout_graceful_shutdown=0
        )
        server = _Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to the process we are a guest in."""
        yield


class _InProcess(httpx2.AsyncBaseTransport):
    def __init__(self, app: ScriptedModels) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        is_anthropic = "anthropic-version" in request.headers
        answer = await self._app.answer(request.method, request.url.path, is_anthropic, await request.aread())
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Chunks(answer))


class _Chunks(httpx2.AsyncByteStream):
    def __init__(self, answer: _Answer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._answer.chunks:
            await anyio.lowlevel.checkpoint()
            yield chunk
        if not self._answer.complete:
            raise httpx2.RemoteProtocolError("the script cuts the answer here")


def _body(raw: bytes) -> _Json | None:
    try:
        body = json.loads(raw)
    except ValueError:
        return None
    match body:
        case {"model": str()}:
            return cast("_Json", body)
        case _:
            return None


def _said(vendor: Vendor, saying: Saying, *, stream: bool) -> _Answer:
    # The SDKs are imported here, one at a time, because each costs more than a second.
    if vendor == "openai":
        from bridges.scripted import openai_wire

        return _stream(openai_wire.events_of(saying)) if stream else _whole(openai_wire.response_of(saying))
    from bridges.scripted import anthropic_wire

    return _stream(anthropic_wire.events_of(saying)) if stream else _whole(anthropic_wire.message_of(saying))


def _whole(said: BaseModel) -> _Answer:
    return _json(200, said.model_dump(mode="json", by_alias=True, exclude_unset=True))


def _stream(events: Iterable[BaseModel]) -> _Answer:
    chunks = [
        f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
        for event in events
        for data in (event.model_dump(mode="json", by_alias=True, exclude_unset=True),)
    ]
    return _Answer(status=200, headers={"content-type": "text/event-stream"}, chunks=tuple(chunks))


def _cut(answer: _Answer, step: Step) -> _Answer:
    if not step.cut:
        return answer
    chunks = answer.chunks[: len(answer.chunks) // 2] or (answer.chunks[0][: len(answer.chunks[0]) // 2],)
    return _Answer(status=answer.status, headers=answer.headers, chunks=chunks, complete=False)


def _failure(vendor: Vendor, failure: Failure) -> _Answer:
    answer = _error(vendor, failure.status, failure.message, code=failure.code)
    if failure.retry_after_s is not None:
        answer.headers["retry-after"] = f"{failure.retry_after_s:g}"
        answer.headers["retry-after-ms"] = f"{failure.retry_after_s * 1000:g}"
    return answer


_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def _error(vendor: Vendor, status: int, message: str, *, code: str | None = None) -> _Answer:
    if vendor == "anthropic":
        kind = code or _ANTHROPIC_TYPES.get(status, "api_error")
        return _json(status, {"type": "error", "error": {"type": kind, "message": message}})
    kind = "invalid_request_error" if status < 500 else "server_error"
    return _json(status, {"error": {"type": kind, "message": message, "param": None, "code": code}})


def _models(vendor: Vendor) -> _Json:
    names = [SCRIPTED + facts.name for facts in KNOWN_MODELS.values() if facts.vendor == vendor]
    if vendor == "openai":
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "scripted"} for name in names]
        return {"object": "list", "data": data}
    described = [
        {"id": name, "type": "model", "display_name": name, "created_at": "1970-01-01T00:00:00Z"} for name in names
    ]
    return {"data": described, "has_more": False, "first_id": names[0], "last_id": names[-1]}


def _json(status: int, body: _Json) -> _Answer:
    encoded = json.dumps(body, ensure_ascii=False).encode()
    headers = {"content-type": "application/json", "content-length": str(len(encoded))}
    return _Answer(status=status, headers=headers, chunks=(encoded,))

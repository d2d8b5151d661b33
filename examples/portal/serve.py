"""Serving a portal on loopback for as long as a block lasts."""

import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import anyio
import uvicorn
from anyio import to_thread

from examples.portal.app import PortalOptions, build

__all__ = ["PortalOptions", "serving"]

_STARTS_WITHIN = 10.0  # seconds


@asynccontextmanager
async def serving(options: PortalOptions) -> AsyncGenerator[str]:
    """Serve the portal inside the block, which gets its address ('http://127.0.0.1:PORT/').

    Raises:
        OSError: the port is taken.
        TimeoutError: it did not start within ten seconds.
        UnknownLabel, DatabaseMismatch: as `build` does.
    """
    app = await to_thread.run_sync(build, options)
    with socket.create_server(("127.0.0.1", options.port)) as listening:
        port = listening.getsockname()[1]
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="on", ws="none", timeout_graceful_shutdown=1))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_serve, server, listening)
                try:
                    with anyio.fail_after(_STARTS_WITHIN):
                        await server.ready.wait()
                    yield f"http://127.0.0.1:{port}/"
                finally:
                    server.should_exit = True
        except ExceptionGroup as group:
            # The block's own error is what its author wants to see; two at once stay a group.
            raise group.exceptions[0] if len(group.exceptions) == 1 else group from None


class _Server(uvicorn.Server):
    """A server that says when it is ready, and leaves signals to the program around it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    # Not cancelled but told to end, for only then it closes its connections and the application's lifespan.
    with anyio.CancelScope(shield=True):
        await server.serve([listening])

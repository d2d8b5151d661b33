"""Whatever way a page reacts to a click, the answer shows the end of it or says what it did not wait for."""

import math

import anyio
import pytest

from bench.browser.behaviours import ENDLESS, behaviours
from bench.browser.site import DONE, served
from tests.house import House, configured, connected, text_of

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
_SESSIONS = 3  # at a time; most of the time is waiting


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


_TRIES = 3  # a machine that is overloaded may hold a callback back for longer than anybody waits


@pytest.fixture(scope="module")
async def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a click on each page was answered with."""
    names = list(behaviours())
    said: dict[str, str] = {}
    with served() as origin:
        config = configured(tmp_path_factory.mktemp("settle"), f'[browser]\norigins = ["{origin}"]\n')
        async with connected(config) as house, anyio.create_task_group() as group:
            share = math.ceil(len(names) / _SESSIONS)
            for at in range(_SESSIONS):
                group.start_soon(_clicked, house, origin, names[at * share : (at + 1) * share], said)
    return said


async def _clicked(house: House, origin: str, names: list[str], said: dict[str, str]) -> None:
    opened = await house.call("call_write_tool", name="browser_new_session", arguments={})
    session = dict(opened.structured_content or {})["session"]
    for name in [each for each in names for _ in range(_TRIES)]:
        answer = said.get(name, "")
        if "Still pending: " in answer if name in ENDLESS else DONE in answer and "Still pending: " not in answer:
            continue
        page = await house.call("browser_navigate", url=f"{origin}/settle/?case={name}", session=session)
        assert DONE not in text_of(page)
        answer = await house.call("browser_click", target='role=button[name="Go"]', session=session)
        said[name] = text_of(answer)


@pytest.mark.parametrize("name", [name for name in behaviours() if name not in ENDLESS])
async def test_a_click_is_answered_with_the_end_of_the_reaction(answers: dict[str, str], name: str) -> None:
    assert DONE in answers[name] or "Still pending: " in answers[name]


@pytest.mark.parametrize("name", sorted(ENDLESS))
async def test_a_reaction_without_an_end_is_told(answers: dict[str, str], name: str) -> None:
    assert DONE not in answers[name]
    assert "Still pending: " in answers[name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hanging-request", "waiting for GET "),
        ("hanging-navigation", "gave up waiting for GET "),
        ("hanging-worker", "waiting for a worker"),
        ("hanging-event-source", "waiting for an event stream"),
        ("progress-for-long", "a timer is still running"),
        ("starts-ticking", "a timer is still running"),
    ],
)
async def test_what_is_pending_is_named(answers: dict[str, str], name: str, words: str) -> None:
    assert f"Still pending: {words}" in answers[name]


async def test_what_a_page_polls_for_on_its_own_is_not_told_as_pending(answers: dict[str, str]) -> None:
    assert "Still pending" not in answers["polling-behind"]

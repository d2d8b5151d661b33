"""Sign-ins that are kept, files on demand, and a person who acts in the browser meanwhile."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from bridges.browser.install import find_browser
from bridges.browser.profiles import Profiles
from bridges.browser.words import BrowserError, ProfileLocked
from tests.browser_site import Site, foreign_browser, served
from tests.house import House, Person, configured, connected, text_of

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(find_browser() is None, reason="no browser is installed; `make test` installs one"),
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served() as site:
        yield site


@asynccontextmanager
async def housed(folder: Path, site: Site, person: Any = None, extra: str = "") -> AsyncGenerator[House]:
    config = configured(folder, f'[browser]\norigins = ["{site.origin}"]\n{extra}')
    async with connected(config, person=person or Person("this call")) as house:
        yield house


def data(result: types.CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text_of(result)
    return dict(result.structured_content or {})


async def test_the_sign_ins_of_a_profile_outlive_the_session_and_the_server(tmp_path: Path, site: Site) -> None:
    person = Person("this call")
    for cookie in ("Cookie: none", "Cookie: who=me"):
        async with housed(tmp_path, site, person) as house:
            session = data(await house.call("browser_open_profile", profile="work"))["session"]
            seen = text_of(await house.call("browser_navigate", url=site.url("cookie"), session=session))
            assert cookie in seen
            await house.call("browser_close", session=session)
    assert len(person.questions) == 2
    assert "use the sign-ins of profile work" in person.questions[0]


async def test_a_profile_is_kept_encrypted_and_for_its_owner_alone(tmp_path: Path, site: Site) -> None:
    async with housed(tmp_path, site) as house:
        session = data(await house.call("browser_open_profile", profile="work"))["session"]
        await house.call("browser_cookie_set", name="sid", value="canary-4711", domain="127.0.0.1", session=session)
        await house.call("browser_close", session=session)
    folder = tmp_path / "data" / "profiles"
    kept = [path for path in folder.iterdir() if path.suffix == ".profile"]
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o077 == 0
    assert (folder / "key").stat().st_mode & 0o077 == 0
    assert not any(b"canary-4711" in path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert Profiles(folder).take("work", owner="somebody else") is None


async def test_two_sessions_do_not_share_a_profile_at_once(tmp_path: Path, site: Site) -> None:
    async with housed(tmp_path, site) as house:
        session = data(await house.call("browser_open_profile", profile="work"))["session"]
        second = await house.call("browser_open_profile", profile="work")
        assert second.is_error
        assert "used by another session" in text_of(second)
        await house.call("browser_close", session=session)
        assert data(await house.call("browser_open_profile", profile="work"))["session"] != session


def test_a_lock_whose_process_is_gone_counts_for_nothing(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    assert profiles.take("work", owner="me") is None
    with pytest.raises(ProfileLocked):
        profiles.take("work", owner="me")
    lock = next(tmp_path.glob("*.lock"))
    lock.write_text("999999999")
    assert profiles.take("work", owner="me") is None


def test_a_profile_that_the_key_does_not_open_is_said_and_stays(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    profiles.take("work", owner="me")
    profiles.give_back("work", {"cookies": []}, owner="me")
    (tmp_path / "key").unlink()
    with pytest.raises(BrowserError, match="cannot be read with the key beside it"):
        profiles.take("work", owner="me")
    assert list(tmp_path.glob("*.profile"))
    with pytest.raises(BrowserError, match="no name for a profile"):
        profiles.take("../up", owner="me")


async def test_an_address_is_fetched_as_a_file_whatever_it_is(tmp_path: Path, site: Site) -> None:
    async with housed(tmp_path, site) as house:
        await house.call("browser_navigate", url=site.url("acts.html"))
        sent = data(await house.call("browser_download", target='role=link[name="Get file"]'))["downloads"][0]
        assert Path(sent["path"]).read_bytes() == b"a,b\n1,2\n"
        page = data(await house.call("browser_download", url=site.url("blank.html")))["downloads"][0]
        assert page["name"] == "blank.html"
        assert b"Blank" in Path(page["path"]).read_bytes()
        assert "Acts" in text_of(await house.call("browser_snapshot"))  # the page is where it was
        missing = await house.call("browser_download", url=site.url("nowhere.csv"))
        assert "404" in text_of(missing)
        neither = await house.call("browser_download")
        assert "give url or target" in text_of(neither)


class Helper(Person):
    """A person who does something in the browser before they answer."""

    def __init__(self, site: Site) -> None:
        super().__init__("this call")
        self.site = site
        self.house: House | None = None

    async def __call__(self, context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        assert self.house is not None
        await self.house.call("browser_click", target='role=button[name="Count"]')
        return await super().__call__(context, params)


async def test_a_person_acts_in_the_browser_and_the_model_sees_one_wait(tmp_path: Path, site: Site) -> None:
    helper = Helper(site)
    with foreign_browser(tmp_path) as address:  # a browser that a person can reach
        async with housed(tmp_path, site, helper, f'endpoint = "{address}"\n') as house:
            helper.house = house
            await house.call("browser_navigate", url=site.url("acts.html"))
            seen = text_of(await house.call("browser_hand_over", reason="solve the captcha"))
            assert "status: 1" in seen
            assert "solve the captcha" in helper.questions[0]
            assert "answer when you are done" in helper.questions[0]


async def test_without_a_window_there_is_nothing_to_hand_over(tmp_path: Path, site: Site) -> None:
    async with housed(tmp_path, site) as house:
        await house.call("browser_navigate", url=site.url("acts.html"))
        refused = await house.call("browser_hand_over", reason="sign in")
        assert "it has no window" in text_of(refused)

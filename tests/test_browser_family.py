"""The browser family beyond clicking and typing, through an MCP client: files, network, storage, judgements."""

import base64
import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from bridges.browser.install import find_browser
from tests.browser_site import Site, served
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


@pytest.fixture(scope="module")
def person() -> Person:
    return Person("this call")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("family")


@pytest.fixture(scope="module")
async def house(folder: Path, site: Site, person: Person) -> AsyncGenerator[House]:
    config = configured(folder, f'[browser]\norigins = ["{site.origin}"]\nevaluate = true\n')
    artefacts = config.artefacts
    artefacts.mkdir(parents=True)
    (artefacts / "letter.txt").write_text("Dear all", encoding="utf-8")
    (artefacts / "second.txt").write_text("2", encoding="utf-8")
    (folder / "outside.txt").write_text("private", encoding="utf-8")
    async with connected(config, person=person) as house:
        yield house


@pytest.fixture(autouse=True)
async def page(house: House, site: Site) -> None:
    await house.call("browser_navigate", url=site.url("family.html"))


def button(name: str) -> str:
    return f'role=button[name="{name}"]'


async def said(house: House, tool: str, **arguments: Any) -> str:
    result = await house.call(f"browser_{tool}", **arguments)
    assert not result.is_error, text_of(result)
    return text_of(result)


def data(result: types.CallToolResult) -> dict[str, Any]:
    assert result.structured_content is not None, text_of(result)
    return dict(result.structured_content)


def refused(result: types.CallToolResult, words: str) -> None:
    assert result.is_error
    assert words in text_of(result)


async def test_a_file_is_uploaded_after_a_persons_yes(house: House, person: Person) -> None:
    asked = len(person.questions)
    assert "got letter.txt Dear all" in await said(house, "file_upload", paths=["letter.txt"], target="#one")
    assert "upload letter.txt" in person.questions[asked]


async def test_a_file_chooser_is_reported_and_takes_several_files(house: House) -> None:
    assert "a file chooser is open" in await said(house, "click", target=button("Choose files"))
    assert "got letter.txt,second.txt" in await said(house, "file_upload", paths=["letter.txt", "second.txt"])


async def test_only_files_of_the_artefact_folder_are_uploaded(house: House, folder: Path) -> None:
    for path in ("../outside.txt", str(folder / "outside.txt"), "/etc/passwd", "missing.txt"):
        refused(await house.call("browser_file_upload", paths=[path], target="#one"), "no file in the folder")


async def test_a_field_for_one_file_takes_no_two(house: House) -> None:
    result = await house.call("browser_file_upload", paths=["letter.txt", "second.txt"], target="#one")
    refused(result, "takes no files like this")


async def test_an_element_is_dragged_to_another(house: House) -> None:
    assert "dropped card" in await said(house, "drag", startTarget="#from", endTarget="#to")


async def test_files_and_data_are_dropped_from_outside(house: House) -> None:
    assert "dropped letter.txt" in await said(house, "drop", target="#to", paths=["letter.txt"])
    assert "dropped hello" in await said(house, "drop", target="#to", data={"text/plain": "hello"})


async def test_the_page_is_saved_as_pdf(house: House) -> None:
    result = await house.call("browser_pdf_save", filename="../../page")
    path = Path(data(result)["path"])
    assert path.read_bytes().startswith(b"%PDF")
    assert path.is_relative_to(house.app.config.artefacts)


async def test_console_messages_are_listed_by_gravity(house: House) -> None:
    await said(house, "click", target=button("Say"))
    everything = await said(house, "console_messages", level="info")
    assert all(word in everything for word in ("careful", "broken", "fine"))
    assert "untrusted" in everything
    graver = await said(house, "console_messages", level="warning")
    assert "fine" not in graver
    await said(house, "reload")
    assert "careful" not in await said(house, "console_messages")
    assert "careful" in await said(house, "console_messages", all=True)


async def test_requests_are_listed_and_shown_without_credentials(house: House) -> None:
    await said(house, "click", target=button("Ask server"))
    listed = await said(house, "network_requests", filter="after")
    number = int(listed.splitlines()[1].split(".")[0])
    assert "[GET]" in listed
    assert "=> [200 OK]" in listed
    whole = await said(house, "network_request", index=number)
    assert "x-api-key: (hidden)" in whole
    assert "k-123456" not in whole
    assert "fetched" in await said(house, "network_request", index=number, part="response-body")
    refused(await house.call("browser_network_request", index=99_999), "browser_network_requests lists them")
    refused(await house.call("browser_network_requests", filter="("), "no regular expression")


async def test_answers_are_put_in_the_networks_place_and_taken_away(house: House) -> None:
    assert "/after*" in await said(house, "route", pattern="/after*", status=200, body="mocked")
    assert "/after*" in await said(house, "route_list")
    assert "mocked" in await said(house, "click", target=button("Ask server"))
    assert "No answer is set" in await said(house, "unroute")
    assert "fetched" in await said(house, "click", target=button("Ask server"))


async def test_a_session_goes_offline_and_comes_back(house: House) -> None:
    await said(house, "network_state_set", state="offline")
    assert "no network" in await said(house, "click", target=button("Ask server"))
    await said(house, "network_state_set", state="online")
    assert "fetched" in await said(house, "click", target=button("Ask server"))


async def test_cookies_are_set_listed_without_their_values_and_deleted(house: House, site: Site) -> None:
    await said(house, "cookie_set", name="who", value="v-55555")
    listed = await said(house, "cookie_list", domain="127.0.0.1")
    assert "who (7 characters, hidden)" in listed
    assert "v-55555" not in listed + await said(house, "cookie_get", name="who")
    assert "who=v-55555" in await said(house, "navigate", url=site.url("cookie"))  # the site sees it
    await said(house, "cookie_delete", name="who")
    assert "No cookies" in await said(house, "cookie_get", name="who")
    await said(house, "cookie_clear")


async def test_what_a_site_stores_is_named_freely_and_shown_after_a_yes(house: House, person: Person) -> None:
    assert "token (8 characters)" in await said(house, "localstorage_list")
    asked = len(person.questions)
    assert "t-987654" in await said(house, "localstorage_get", key="token")
    assert len(person.questions) == asked + 1
    await said(house, "sessionstorage_set", key="draft", value="text")
    assert "draft" in await said(house, "sessionstorage_list")
    await said(house, "sessionstorage_delete", key="draft")
    refused(await house.call("browser_sessionstorage_delete", key="draft"), "no key 'draft'")
    await said(house, "localstorage_clear")
    assert "No items" in await said(house, "localstorage_list")


async def test_a_script_runs_after_a_persons_yes_to_its_whole_text(house: House, person: Person) -> None:
    asked = len(person.questions)
    assert '"Family"' in await said(house, "evaluate", function="() => document.title")
    assert "() => document.title" in person.questions[asked]
    assert '"Ada"' in await said(house, "evaluate", function="(field) => field.value", target="[aria-label=Name]")
    result = await house.call("browser_evaluate", function="() => nothing.here")
    assert "the script failed" in text_of(result)


async def test_scripts_are_off_unless_the_operator_allows_them(tmp_path: Path, site: Site) -> None:
    config = configured(tmp_path, f'[browser]\norigins = ["{site.origin}"]\n')
    async with connected(config, person=Person("this call")) as house:
        await house.call("browser_navigate", url=site.url("family.html"))
        refused(await house.call("browser_evaluate", function="() => 1"), "scripts are off")


async def test_the_viewport_and_the_media_are_changed(house: House) -> None:
    assert "700×500" in await said(house, "resize", width=700, height=500)
    assert "dark" in await said(house, "emulate_media", colorScheme="dark")
    assert "light" in await said(house, "emulate_media", colorScheme="light")
    refused(await house.call("browser_emulate_media"), "at least one setting")
    await said(house, "resize", width=1280, height=800)


async def test_a_page_is_judged_by_role_text_list_and_value(house: House) -> None:
    yes, no = "Yes: ", "No: "
    assert (await said(house, "verify_element_visible", role="button", accessibleName="Say")).startswith(yes)
    missing = await said(house, "verify_element_visible", role="button", accessibleName="Sey")
    assert missing.startswith(no)
    assert "'Say'" in missing
    assert (await said(house, "verify_text_visible", text="Basket")).startswith(yes)
    assert (await said(house, "verify_text_visible", text="Barrel")).startswith(no)
    assert (await said(house, "verify_list_visible", target="ol", items=["First", "Third"])).startswith(yes)
    assert (await said(house, "verify_list_visible", target="ol", items=["Third", "First"])).startswith(no)
    for target, value in (("[aria-label=Name]", "Ada"), ("role=checkbox", "true"), ("[aria-label=Size]", "Large")):
        assert (await said(house, "verify_value", target=target, value=value)).startswith(yes)
    wrong = await said(house, "verify_value", target="[aria-label=Name]", value="Bob")
    assert (wrong.startswith(no), "'Ada'" in wrong) == (True, True)


async def test_an_element_gets_a_selector_that_means_it_alone(house: House) -> None:
    located = await said(house, "generate_locator", target="#say")
    assert located.splitlines()[0] == 'role=button[name="Say"]'
    assert 'page.get_by_role("button", name="Say")' in located


async def test_text_and_patterns_are_found_with_what_they_belong_to(house: House) -> None:
    assert 'button "Say"' in await said(house, "find", text="say")
    found = await said(house, "find", regex="Fir|Thi")
    assert ("First" in found, "Second" in found, "Third" in found) == (True, False, True)
    assert "no line holds" in await said(house, "find", text="nothing like it")
    refused(await house.call("browser_find"), "give text or regex")
    refused(await house.call("browser_find", regex="("), "no regular expression")


async def test_a_mouse_button_is_held_and_let_go_where_the_pointer_is(house: House) -> None:
    boxes = await said(house, "snapshot", target="#to", boxes=True)
    x, y, width, height = map(int, boxes.split("[box=")[1].split("]")[0].split(","))
    await said(house, "mouse_move_xy", x=x + width // 2, y=y + height // 2)
    assert "Pressed the left button" in await said(house, "mouse_down")
    assert "Let go of the left button" in await said(house, "mouse_up")


async def test_a_new_page_is_opened_and_pages_go_by_position(house: House, site: Site) -> None:
    assert "Blank" in await said(house, "tabs", action="new", url=site.url("blank.html"))
    listed = await said(house, "tabs", action="list")
    assert listed.splitlines()[-1].startswith("*")
    assert "Family" in await said(house, "tabs", action="select", index=0)
    assert "Family" in await said(house, "tabs", action="close", index=1)


async def test_forward_is_the_way_back_from_back(house: House, site: Site) -> None:
    await said(house, "navigate", url=site.url("blank.html"))
    assert "Family" in await said(house, "navigate_back")
    assert "Blank" in await said(house, "navigate_forward")
    refused(await house.call("browser_navigate_forward"), "no page after this one")


async def test_a_trace_is_kept_as_a_file(house: House) -> None:
    await said(house, "start_tracing")
    refused(await house.call("browser_start_tracing"), "being made already")
    result = await house.call("browser_stop_tracing")
    assert Path(data(result)["path"]).read_bytes().startswith(b"PK")
    refused(await house.call("browser_stop_tracing"), "no trace is being made")


async def test_an_answer_may_be_had_without_waiting_for_the_page(house: House) -> None:
    seen = await said(house, "click", target=button("Ask server"), wait="none")
    assert "was not waited for" in seen


async def test_a_screenshot_is_labelled_with_the_refs_of_the_snapshot(house: House) -> None:
    snapshot = await said(house, "snapshot")
    result = await house.call("browser_take_screenshot", annotate=True, type="jpeg")
    labels = data(result)["labels"]
    say = snapshot.split('button "Say" [ref=')[1].split("]")[0]
    assert say in labels
    picture = next(part for part in result.content if isinstance(part, types.ImageContent))
    assert picture.mime_type == "image/jpeg"
    assert base64.b64decode(picture.data).startswith(b"\xff\xd8")


async def test_a_point_of_a_smaller_picture_hits_the_element_and_is_told_in_words(house: House) -> None:
    boxes = await said(house, "snapshot", target=button("Say"), boxes=True)
    x, y, width, height = map(int, boxes.split("[box=")[1].split("]")[0].split(","))
    seen = await said(house, "mouse_click_xy", x=(x + width / 2) / 2, y=(y + height / 2) / 2, scale=2.0)
    assert re.search(r'Clicked at \d+, \d+, on button "Say" \[ref=\w+\]', seen)
    assert "broken" in seen

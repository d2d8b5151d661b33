"""The browser bridge against a real Chromium and small pages: what it shows, what it does, and what it refuses."""

import gc
import hashlib
import json
import os
import re
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import anyio
import psutil
import pytest
from playwright.async_api import Error as PlaywrightError

from bridges.browser.install import find_browser
from bridges.browser.process import Browsers
from bridges.browser.session import Session
from bridges.browser.words import (
    Ambiguous,
    BadAddress,
    BrowserError,
    BrowserGone,
    BrowserOptions,
    Busy,
    Changed,
    Deadlines,
    DialogOpen,
    Frame,
    NavigationFailed,
    NoSuchPage,
    NoSuchSession,
    NoSuchTarget,
    NotActionable,
    Observation,
    PageGone,
    StaleRef,
    TimedOut,
    web_address,
)
from bridges.computer import Action, Click, Drag, Key, Move, Point, Scroll, TypeText
from bridges.egress.rules import NetworkRules
from bridges.secrets import SecretBinding, SecretRefused, Secrets
from tests.browser_site import Site, served

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(find_browser() is None, reason="no browser is installed; `make test` installs one"),
]

_PASSWORD = "correct-horse-7"
_KEY = "K-4711-battery"
_SHORT = Deadlines(queue_s=2, act_s=4, navigate_s=5, load_s=3, snapshot_s=2, evaluate_s=2, close_s=2)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"  # Playwright knows no other


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with served() as site:
        yield site


@pytest.fixture(scope="module")
async def browsers(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Browsers]:
    async with opened(site, tmp_path_factory.mktemp("artefacts")) as browsers:
        yield browsers


@pytest.fixture
async def session(browsers: Browsers) -> AsyncGenerator[Session]:
    session = await browsers.open(owner="me")
    try:
        with anyio.fail_after(30):
            yield session
    finally:
        with suppress(NoSuchSession):
            await browsers.close_session(session.handle, owner="me")


@asynccontextmanager
async def opened(site: Site, artefacts: Path) -> AsyncGenerator[Browsers]:
    bindings = {
        "password": SecretBinding(name="password", origin=site.origin, field="Password"),
        "key": SecretBinding(name="key", origin=site.origin, field="API key"),
    }
    secrets = Secrets(bindings, {"password": _PASSWORD, "key": _KEY})
    network = NetworkRules(allowed=("127.0.0.1", "localhost"))
    browsers = Browsers(BrowserOptions(artefacts=str(artefacts)), secrets, deadlines=_SHORT, network=network)
    try:
        yield browsers
    finally:
        await browsers.aclose()


def button(name: str) -> str:
    return f'role=button[name="{name}"]'


def link(name: str) -> str:
    return f'role=link[name="{name}"]'


def ref_of(text: str, seen: Observation) -> str:
    """Return the ref behind the text in a view or in changes."""
    shown = seen.view or "\n".join(seen.changes)
    match = re.search(re.escape(text) + r".*?\[ref=(\w+)\]", shown)
    assert match, f"{text!r} is not in:\n{shown}"
    return match[1]


def pixels(frame: Frame, left: int, top: int, right: int, bottom: int) -> set[tuple[int, ...]]:
    """Return the colours of a part of a PNG."""
    data, at = b"", 8
    depth, colour = frame.data[24], frame.data[25]
    assert (depth, colour) in ((8, 2), (8, 6))
    while at < len(frame.data):
        size = struct.unpack(">I", frame.data[at : at + 4])[0]
        if frame.data[at + 4 : at + 8] == b"IDAT":
            data += frame.data[at + 8 : at + 8 + size]
        at += 12 + size
    raw, wide = zlib.decompress(data), 3 if colour == 2 else 4
    stride = frame.width * wide
    above, found = bytearray(stride), set[tuple[int, ...]]()
    for y in range(bottom):
        kind = raw[y * (stride + 1)]
        line = bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for x in range(stride):
            a = line[x - wide] if x >= wide else 0
            b, c = above[x], above[x - wide] if x >= wide else 0
            nearest = min((a, b, c), key=lambda value: abs(a + b - c - value))
            line[x] = (line[x] + (0, a, b, (a + b) // 2, nearest)[kind]) & 255
        above = line
        if y >= top:
            found |= {tuple(line[x * wide : x * wide + 3]) for x in range(left, right)}
    return found


# What is shown


async def test_a_page_is_shown_as_lines_with_refs_to_act_on(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("form.html"))
    assert seen.title == "Form"
    assert seen.view is not None
    lines = re.sub(r" \[ref=\w+\]", "", seen.view).split("\n")
    assert lines[:4] == ['- textbox "User"', '- textbox "Password"', '- textbox "API key"', '- textbox "Notes"']
    assert '- combobox "Region": North (options: North, South, East)' in lines
    assert '- button "Later" [disabled]' in lines


async def test_all_frames_of_a_frameset_are_shown_and_acted_in(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("frames.html"))
    assert 'link "Reports"' in (seen.view or "")
    assert "Choose on the left." in (seen.view or "")
    seen = await session.click(link("Reports"))
    assert any('heading "Run a report"' in line for line in seen.changes)
    assert seen.url == site.url("frames.html")


async def test_elements_in_iframes_and_open_shadow_roots_are_pressed(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("acts.html"))
    inner = await session.click(ref_of('button "Inner button"', seen))
    assert any('button "Inner pressed"' in line for line in inner.changes)
    shadow = await session.click(ref_of('button "Shadow button"', seen))
    assert any('button "Shadow pressed"' in line for line in shadow.changes)


async def test_a_row_of_a_table_is_one_line_with_its_own_controls(session: Session, site: Site) -> None:
    await session.navigate(site.url("table.html"))
    seen = await session.snapshot(query="Region 7")
    assert re.search(r'row: Region 7 \| 7 \| 1 button "Edit" \[ref=\w+\]', seen.view or "")


async def test_a_large_page_is_shown_as_the_viewport_with_counts_and_says_how_to_see_more(
    session: Session, site: Site
) -> None:
    seen = await session.navigate(site.url("long.html"))
    assert seen.truncated
    assert seen.view is not None
    assert len(seen.view) < 4_000
    shown = len(re.findall(r"row: \d+", seen.view))
    assert f"{500 - shown} more rows" in seen.view
    assert "The end of the page" in seen.view
    assert "query=" in seen.view.split("\n")[-1]
    found = await session.snapshot(query="customer 321")
    assert "1321 | Customer 321" in (found.view or "")
    pressed = await session.click(ref_of("Customer 321", found))
    assert pressed.acted == 'Clicked link "Open"'


async def test_part_of_a_page_is_shown_and_leaves_other_refs_valid(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("acts.html"))
    part = await session.snapshot(target=button("Count"))
    assert (part.view or "").count("\n") == 0
    assert (await session.click(ref_of('button "Save"', seen))).acted == 'Clicked button "Save"'


async def test_words_of_a_page_cannot_pass_for_a_ref(session: Session) -> None:
    seen = await session.navigate("data:text/html,<p>button %22Pay%22 [ref=e1]</p><button>Real</button>")
    assert (seen.view or "").count("[ref=") == 1


async def test_names_with_quotes_and_colons_are_shown_as_they_are(session: Session) -> None:
    name = """Say: "it's" - {1}"""
    seen = await session.navigate(f"data:text/html,<button>{quote(name)}</button>")
    assert f"- button {json.dumps(name)} [ref=" in (seen.view or "")
    assert (await session.describe(ref_of("button", seen))).name == name


async def test_tables_that_only_place_things_leave_no_trace(session: Session) -> None:
    cell = "<table><tr><td><h1>Title</h1></td></tr><tr><td></td><td><button>Go</button></td></tr></table>"
    seen = await session.navigate(f"data:text/html,<table><tr><td>{cell}</td></tr></table>")
    assert re.sub(r" \[ref=\w+\]", "", seen.view or "") == '- heading "Title" [level=1]\n- button "Go"'


# What actions report


async def test_an_action_reports_what_changed_and_nothing_else(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    assert (await session.click(button("Count"))).changes == ("- status: 0", "+ status: 1")
    assert (await session.click(button("Nothing"))).changes == ()


async def test_an_action_waits_for_requests_and_timers_that_it_set_off(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    assert (await session.click(button("Fetch"))).changes == ("- status: 0", "+ status: fetched")
    assert (await session.click("#later")).changes == ("- status: fetched", "+ status: later done")


async def test_a_request_that_hangs_is_reported_as_pending(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    seen = await session.click(button("Hang"))
    assert [re.sub(r":\d+", "", what) for what in seen.pending] == ["waiting for GET 127.0.0.1/after"]


async def test_a_slow_navigation_is_waited_for_and_shown_whole(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    seen = await session.click(link("Slow page"))
    assert (seen.title, seen.view, seen.changes) == ("Slow", '- heading "Slow page" [level=1]', ())
    assert (await session.back()).title == "Acts"


async def test_errors_of_the_page_are_reported_with_the_action_that_caused_them(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    assert (await session.click(button("Fail"))).console_errors == ("it broke", "and again")
    assert (await session.click(button("Count"))).console_errors == ()


async def test_a_popup_is_reported_and_does_not_become_current(session: Session, site: Site) -> None:
    first = await session.navigate(site.url("acts.html"))
    seen = await session.click(link("Open popup"))
    assert (seen.page, seen.opened) == (first.page, ("p2",))
    popup = await session.snapshot(page="p2")
    assert "Popup page" in (popup.view or "")
    closed = await session.click(button("Close me"), page="p2")
    assert closed.page == first.page
    assert [(page.handle, page.current) for page in await session.tabs()] == [("p1", True)]


async def test_a_page_can_be_selected_and_closed(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    await session.click(link("Open popup"))
    assert (await session.select_tab("p2")).title == "Popup"
    assert (await session.snapshot()).title == "Popup"
    assert (await session.close_tab("p2")).title == "Acts"
    with pytest.raises(NoSuchPage, match="p1"):
        await session.select_tab("p2")


async def test_a_download_lands_in_the_folder_of_the_session(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    first = (await session.click(link("Get file"))).downloads[0]
    second = (await session.click(link("Get file"))).downloads[0]
    path = Path(first.path)
    assert await anyio.Path(path).read_bytes() == b"a,b\n1,2\n"
    assert (first.size, first.sha256) == (8, hashlib.sha256(b"a,b\n1,2\n").hexdigest())
    assert path.parent.name == session.handle
    assert ".." not in first.name
    assert second.path != first.path


async def test_an_address_that_is_a_file_is_a_download(session: Session, site: Site) -> None:
    await session.navigate(site.url("blank.html"))
    seen = await session.navigate(site.url("file"))
    assert ([file.size for file in seen.downloads], seen.title) == ([8], "Blank")


async def test_an_answer_without_content_leaves_the_page(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    seen = await session.click(link("No content"))
    assert (seen.changes, seen.pending) == ((), ())


# Dialogs


@pytest.mark.parametrize(("accept", "outcome"), [(True, "accepted"), (False, "dismissed")])
async def test_a_confirm_ends_the_click_and_is_answered_by_a_call_of_its_own(
    session: Session, site: Site, accept: bool, outcome: str
) -> None:
    await session.navigate(site.url("acts.html"))
    seen = await session.click(button("Ask"))
    assert seen.dialog is not None
    assert (seen.dialog.kind, seen.dialog.message) == ("confirm", "Really?")
    assert session.dialog == seen.dialog
    with pytest.raises(DialogOpen, match="Really"):
        await session.click(button("Count"))
    answered = await session.handle_dialog(accept)
    assert answered.changes == ("- status: 0", f"+ status: {outcome}")
    assert session.dialog is None


async def test_a_dialog_that_opens_while_a_page_loads_is_reported_at_once(session: Session) -> None:
    seen = await session.navigate("data:text/html,<script>alert('Maintenance')</script><h1>Welcome</h1>")
    assert seen.dialog is not None
    assert (seen.dialog.kind, seen.dialog.message) == ("alert", "Maintenance")
    assert (await session.handle_dialog(True)).view == '- heading "Welcome" [level=1]'


async def test_a_prompt_takes_a_text(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    seen = await session.click(button("Name"))
    assert seen.dialog is not None
    assert seen.dialog.default == "Ada"
    assert (await session.handle_dialog(True, "Grace")).changes == ("- status: 0", "+ status: Grace")


async def test_a_form_is_sent_only_after_its_confirm_is_accepted(session: Session, site: Site) -> None:
    sent = len(site.posts)
    await session.navigate(site.url("frames.html"))
    await session.click(link("Reports"))
    await session.click(button("Run report"))
    await session.handle_dialog(False)
    assert len(site.posts) == sent
    await session.click(button("Run report"))
    seen = await session.handle_dialog(True)
    assert any("Thank you" in line for line in seen.changes)
    assert site.posts[sent]["report"] == ["Revenue"]


async def test_a_page_that_guards_its_leaving_asks_first(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    await session.click(button("Guard"))
    seen = await session.navigate(site.url("blank.html"))
    assert seen.dialog is not None
    assert seen.dialog.kind == "beforeunload"
    assert (await session.handle_dialog(True)).title == "Blank"


async def test_answering_where_no_dialog_is_open_is_an_error(session: Session, site: Site) -> None:
    await session.navigate(site.url("blank.html"))
    with pytest.raises(BrowserError, match="no dialog"):
        await session.handle_dialog(True)


async def test_the_dialog_of_another_page_is_told_apart(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    await session.click(link("Open popup"))
    asked = await session.click(button("Ask"))
    assert session.dialog_on("p1") == session.dialog_on(None) == asked.dialog
    assert session.dialog_on("p2") is None
    assert session.dialog_on("p9") is None
    await session.handle_dialog(False)


# Which element


async def test_a_ref_of_a_page_that_was_left_is_stale(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("acts.html"))
    await session.navigate(site.url("form.html"))
    with pytest.raises(StaleRef):
        await session.click(ref_of('button "Count"', seen))


async def test_a_ref_of_a_frame_that_went_on_never_hits_the_new_page(session: Session, site: Site) -> None:
    await session.navigate(site.url("frames.html"))
    report = await session.click(link("Reports"))
    old = ref_of('button "Run report"', report)
    await session.click(link("Tables"))
    back = await session.click(link("Reports"))
    assert ref_of('button "Run report"', back) != old
    with pytest.raises(StaleRef):
        await session.click(old)


async def test_a_ref_lasts_when_the_label_of_its_element_changes_and_that_is_said(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("acts.html"))
    save = ref_of('button "Save"', seen)
    renamed = await session.click(save)
    assert ref_of('button "Saved"', renamed) == save
    assert (await session.click(save)).acted == 'Clicked button "Saved"'


async def test_a_ref_goes_over_to_the_one_element_that_took_its_place_and_says_so(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("rerender.html"))
    save, edit = ref_of('button "Save"', seen), ref_of("Bob", seen)
    await session.click(button("Draw again"))
    saved = await session.click(save)
    assert any("+ status: pressed Save" in line for line in saved.changes)
    assert f'the page replaced button "Save" [ref={save}]' in " ".join(saved.notes)
    edited = await session.click(edit)  # two of that name were put in; one stands beside the same words
    assert any("edit Bob" in line for line in edited.changes)


async def test_a_ref_whose_successor_is_not_certain_is_refused_with_candidates(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("rerender.html"))
    save = ref_of('button "Save"', seen)
    await session.click(button("Double"))
    with pytest.raises(StaleRef, match='button "Save" \\[ref=e'):
        await session.click(save)
    seen = await session.navigate(site.url("rerender.html"))
    save, edit = ref_of('button "Save"', seen), ref_of("Ada", seen)
    await session.click(button("Rename"))
    with pytest.raises(StaleRef, match='it was button "Save"'):
        await session.click(save)
    with pytest.raises(StaleRef):  # Ada's row is gone; Bob's is no successor, for its button stood there before
        await session.describe(edit)


async def test_controls_that_are_called_alike_are_told_apart(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("rerender.html"))
    assert re.search(r'Ada button "Edit"', seen.view or ""), seen.view
    with pytest.raises(Ambiguous, match=r'button "Edit" \(beside: Ada\).*button "Edit" \(beside: Bob\)'):
        await session.click(button("Edit"))


async def test_what_nobody_can_see_is_left_out_and_said(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("unseen.html"))
    view = seen.view or ""
    assert "secret" not in view, view
    assert "nobody can see" in " ".join(seen.notes)
    assert "Plain words" in view
    assert "Words on a picture" in view
    assert "Tagged turned zerowidth" in view
    assert 'button "Remove row' in view
    assert "(hidden text) 3 results" in view
    assert "9182736" not in view


async def test_controls_without_words_and_texts_that_are_edited_are_described(session: Session, site: Site) -> None:
    view = (await session.navigate(site.url("unseen.html"))).view or ""
    assert "(colour #ff0000)" in view
    assert "(icon trash)" in view
    assert re.search(r'textbox "Note" \[ref=\w+\]: Dear all', view)


async def test_a_closed_shadow_root_is_seen_by_us_and_closed_to_the_page(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("unseen.html"))
    pressed = await session.click(ref_of('button "Closed button"', seen))
    assert "+ status: root is null, closed" in pressed.changes


async def test_a_page_cannot_lie_about_its_forms(session: Session, site: Site) -> None:
    await session.navigate(site.url("liar.html"))
    target = await session.describe(button("Go on"))
    assert (target.method, target.action, target.values) == ("post", site.url("pay"), {"Amount": "900"})


async def test_a_change_far_down_a_large_page_is_told(session: Session, site: Site) -> None:
    await session.navigate(site.url("rows.html?20000"))
    seen = await session.click(button("Change row 15000"))
    assert seen.changes == ("+ row: 15000 | changed",)


async def test_a_page_of_twenty_thousand_rows_is_shown_searched_and_paged(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("rows.html?20000"))
    assert len(seen.view or "") < 8_500
    assert re.search(r"… 19\d\d\d more rows", seen.view or "")
    found = await session.snapshot(query="value 17321")
    assert "row: 17321 | value 17321" in (found.view or "")
    assert len((found.view or "").splitlines()) < 8
    paged = await session.snapshot(cursor=300)
    assert re.search(r"row: 30\d \| value 30\d", paged.view or "")
    assert re.search(r"go on with cursor=\d+", paged.view or "")


async def test_boxes_and_depth_are_shown_on_request(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    boxed = await session.snapshot(target=button("Count"), boxes=True)
    assert re.search(r"\[box=\d+,\d+,\d+,\d+\]", boxed.view or "")
    words = await session.snapshot(target="text=Cookie notice", boxes=True)
    assert re.search(r"text: Cookie notice \[ref=\w+\] \[box=[\d,]+\]", words.view or ""), words.view
    flat = await session.snapshot(depth=1)
    assert "Inner button" not in (flat.view or "")


@pytest.mark.parametrize("form", ["{}", "[ref={}]", "ref={}"])
async def test_a_ref_is_understood_however_it_is_written(session: Session, site: Site, form: str) -> None:
    seen = await session.navigate(site.url("acts.html"))
    target = await session.describe(form.format(ref_of('button "Count"', seen)))
    assert str(target) == 'button "Count"'


async def test_several_matches_are_listed_with_refs_that_work(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    with pytest.raises(Ambiguous) as error:
        await session.click(button("Twin"))
    first, second = re.findall(r"\[ref=(\w+)\]", str(error.value))
    assert (await session.describe(second)).ref == second
    assert (await session.describe(first)).ref == first


async def test_a_hidden_match_does_not_count(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    assert (await session.click("text=Solo")).acted == 'Clicked button "Solo"'


async def test_no_match_names_candidates(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    with pytest.raises(NoSuchTarget, match=r'button "Later" \[ref=\w+\]'):
        await session.click(button("Latter"))
    with pytest.raises(NoSuchTarget, match="neither a ref"):
        await session.click("role=button[name=")


async def test_a_target_is_described_with_what_it_would_submit(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    await session.fill_form([('role=textbox[name="User"]', "ada"), ('role=textbox[name="Password"]', "secret-9")])
    send = await session.describe(button("Send"))
    assert (send.role, send.tag, send.submits, send.method) == ("button", "button", True, "post")
    assert (send.origin, send.action_origin) == (site.origin, site.origin)
    assert send.values["User"] == "ada"
    assert "secret-9" not in str(send.values)
    user = await session.describe('role=textbox[name="User"]')
    assert user.field_names == ("User", "user", "username")
    assert (user.submits, user.method) == (False, "post")


async def test_a_form_is_described_with_all_that_it_sends(session: Session, site: Site) -> None:
    await session.navigate(site.url("pay.html"))
    pay = await session.describe(button("Pay now"))
    assert pay.values == {"Amount": "5", "Amount (2)": "1", "Note": ""}
    assert (pay.action, pay.stated_method) == (site.url("submit"), True)
    look_up = await session.describe(button("Look up"))
    assert (look_up.action, look_up.method, look_up.stated_method) == (site.url("lookup"), "get", False)
    assert (await session.describe(button("Swap"))).digest == ""

    await session.type('role=textbox[name="PIN"]', "1234")
    assert (await session.describe(button("Pay now"))).digest == pay.digest != look_up.digest
    await session.click(button("Swap"))
    swapped = await session.describe(button("Pay now"))
    assert swapped.values == pay.values
    assert swapped.digest != pay.digest


async def test_a_box_around_a_button_is_described_as_the_button(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("pay.html"))
    for box in ("css=#wrap", ref_of('button "Pay now"', seen)):
        pay = await session.describe(box)
        assert (pay.role, pay.name, pay.submits, pay.method) == ("button", "Pay now", True, "post")
    await session.navigate(site.url("acts.html"))
    assert str(await session.describe("css=iframe")) != 'button "Inner button"'  # its middle is empty
    await session.navigate(
        "data:text/html,<iframe srcdoc='<button style=width:100vw;height:90vh>In</button>'></iframe>"
    )
    assert str(await session.describe("css=iframe")) == 'button "In"'


async def test_a_click_on_what_changed_meanwhile_is_refused(session: Session, site: Site) -> None:
    sent = len(site.posts)
    await session.navigate(site.url("swap.html"))
    expected = await session.describe_point(60, 40)
    with pytest.raises(Changed, match='it was button "Next", it is button "Delete all"') as error:
        await session.act(Click(x=60, y=40), expect=expected)
    assert (error.value.code, error.value.performed) == ("changed", "no")
    assert len(site.posts) == sent

    still = await session.describe(button("Still"))
    with pytest.raises(Changed):
        await session.click("#real", expect=still)
    assert (await session.act(Click(x=60, y=140), expect=still)).changes
    done = await session.describe("#still")
    assert (await session.click("#still", expect=done)).acted == 'Clicked button "Done"'


async def test_a_link_is_described_with_where_it_leads(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    assert (await session.describe(link("Away"))).destination == site.url("blank.html")


async def test_what_lies_under_a_point_and_what_has_the_focus_is_described(session: Session, site: Site) -> None:
    await session.navigate(site.url("canvas.html"))
    under = await session.describe_point(50, 75)
    assert str(under) == 'button "Point"'
    inner = await session.describe_point(430, 30)
    assert str(inner) == 'button "Inner button"'
    assert await session.describe_focus() is None
    await session.click('role=textbox[name="Inside"]')
    assert str(await session.describe_focus()) == 'textbox "Inside"'


# Fields


async def test_a_form_is_filled_by_label_and_kind(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    await session.fill_form(
        [
            ('role=textbox[name="User"]', "ada"),
            ("role=checkbox", "true"),
            ('role=radio[name="Large"]', "true"),
            ('role=combobox[name="Region"]', "South"),
            ("role=slider", "7"),
            ("[name=day]", "2026-03-31"),
        ]
    )
    sent = len(site.posts)
    await session.click(button("Send"))
    post = site.posts[sent]
    assert [post[name][0] for name in ("user", "agree", "size", "region", "volume", "day")] == [
        *("ada", "on", "l", "s", "7", "2026-03-31")
    ]


async def test_no_field_is_filled_when_one_of_them_is_missing(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    with pytest.raises(NoSuchTarget):
        await session.fill_form([('role=textbox[name="User"]', "ada"), ('role=textbox[name="Zip"]', "1")])
    assert "ada" not in ((await session.snapshot()).view or "")


async def test_a_form_that_was_filled_in_part_says_so(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    with pytest.raises(NotActionable, match=r'no option.*Filled textbox "User" before') as error:
        await session.fill_form([('role=textbox[name="User"]', "ada"), ('role=combobox[name="Region"]', "West")])
    assert error.value.performed == "unknown"


async def test_typing_and_enter_submit(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    sent = len(site.posts)
    seen = await session.type('role=textbox[name="User"]', "grace", slowly=True, submit=True)
    assert seen.title == "Sent"
    assert site.posts[sent]["user"] == ["grace"]


async def test_an_option_is_selected_by_label_or_value_and_a_wrong_one_lists_them(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    seen = await session.select_option('role=combobox[name="Region"]', ["s"])
    assert any("Region" in line and ": South" in line for line in seen.changes)
    with pytest.raises(NotActionable, match="'North', 'South', 'East'"):
        await session.select_option('role=combobox[name="Region"]', ["West"])
    with pytest.raises(NotActionable, match="disabled"):
        await session.select_option('role=combobox[name="Region"]', ["East"])


@pytest.mark.parametrize(
    ("page", "target", "reason"),
    [
        ("form.html", button("Later"), "disabled"),
        ("acts.html", button("Below"), 'covered by <div#cover> "Cookie notice"'),
        ("acts.html", button("Outside"), "off-screen"),
    ],
)
async def test_an_element_that_cannot_be_clicked_is_refused_with_the_reason(
    session: Session, site: Site, page: str, target: str, reason: str
) -> None:
    await session.navigate(site.url(page))
    with pytest.raises(NotActionable, match=re.escape(reason)) as error:
        await session.click(target)
    assert error.value.performed == "no"


async def test_what_may_take_a_cover_away_is_offered(session: Session, site: Site) -> None:
    await session.navigate(site.url("cover.html"))
    with pytest.raises(NotActionable, match=r'covered by .*button "Got it" in it may') as error:
        await session.click(button("Save"))
    way_out = re.search(r"\[ref=(\w+)\]", str(error.value))
    assert way_out
    await session.click(way_out[1])
    assert (await session.click(button("Save"))).acted == 'Clicked button "Save"'


async def test_a_field_that_cannot_be_written_is_refused_with_the_reason(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    with pytest.raises(NotActionable, match="read-only"):
        await session.type('role=textbox[name="Fixed"]', "other")
    with pytest.raises(NotActionable, match="takes no text"):
        await session.type(button("Send"), "text")
    with pytest.raises(NotActionable, match="2026-03-31"):
        await session.type("[name=day]", "31.3.2026")
    with pytest.raises(NotActionable, match="Enter"):
        await session.press_key("Entr")


@pytest.mark.parametrize("key", ["\n", "\r", "", "Enter+a", "Control+\r", "ab"])
async def test_what_is_no_key_is_refused(session: Session, site: Site, key: str) -> None:
    sent = len(site.posts)
    await session.navigate(site.url("form.html"))
    with pytest.raises(NotActionable) as error:
        await session.press_key(key, '[name="user"]')
    with pytest.raises(NotActionable):
        await session.act(Key(keys=(key,)))
    assert error.value.performed == "no"
    assert len(site.posts) == sent


async def test_keys_and_chords_are_pressed(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    for key in ("a", "Shift+B", "+", "Shift++", "é"):
        with suppress(NotActionable):
            await session.press_key(key, '[name="user"]')
    assert (await session.describe(button("Send"))).values["User"] == "aB++"


async def test_text_that_would_press_keys_is_refused(session: Session, site: Site) -> None:
    sent = len(site.posts)
    await session.navigate(site.url("form.html"))
    for text, slowly in (("a\n", True), ("a\n", False), ("a\r", True), ("a\tb", True), ("a\x00", False)):
        with pytest.raises(NotActionable, match=r"submit|press_key"):
            await session.type('[name="user"]', text, slowly=slowly)
        with pytest.raises(NotActionable):
            await session.fill_form([('[name="user"]', text)])
    await session.click('[name="user"]')
    for text in ("a\r", "a\t", "\x1b"):
        with pytest.raises(NotActionable, match="press_key"):
            await session.act(TypeText(text=text))
    assert len(site.posts) == sent
    await session.type('[name="notes"]', "one\ntwo", slowly=True)
    assert (await session.describe(button("Send"))).values["Notes"] == "one\ntwo"


@pytest.mark.parametrize(
    "action",
    [
        Click(x=5, y=5, keys=("Enter",)),
        Move(x=5, y=5, keys=("Space",)),
        Drag(path=(Point(x=5, y=5), Point(x=9, y=9)), keys=("a",)),
        Scroll(x=5, y=5, keys=("Shift", "Enter")),
    ],
)
async def test_only_modifiers_are_held(session: Session, site: Site, action: Action) -> None:
    await session.navigate(site.url("form.html"))
    with pytest.raises(NotActionable, match="cannot be held"):
        await session.act(action)


async def test_waiting_for_a_text_ends_when_it_shows_and_fails_when_it_does_not(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    assert (await session.wait_for(text="Inner button")).acted == "Waited for 'Inner button'"
    await session.wait_for(text_gone="No such words")
    with pytest.raises(TimedOut, match="did not show"):
        await session.wait_for(text="No such words", time_s=0.3)


# Secrets and screenshots


async def test_a_secret_is_typed_and_never_shown(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    seen = [
        await session.type('role=textbox[name="Password"]', "secret://password"),
        await session.type('role=textbox[name="API key"]', "secret://key"),
        await session.snapshot(),
    ]
    assert _PASSWORD not in repr(seen)
    assert _KEY not in repr(seen)
    assert "You typed (hidden)" in (seen[-1].view or "")
    assert _KEY not in repr(await session.describe(button("Send")))
    sent = len(site.posts)
    await session.click(button("Send"))
    assert (site.posts[sent]["pw"], site.posts[sent]["key"]) == ([_PASSWORD], [_KEY])


async def test_a_secret_goes_only_into_the_field_it_is_bound_to(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    for target, text in (("User", "secret://password"), ("Password", "secret://unknown")):
        with pytest.raises(SecretRefused):
            await session.type(f'role=textbox[name="{target}"]', text)
    assert "(hidden)" not in ((await session.snapshot()).view or "")


async def test_a_typed_password_is_hidden_even_when_the_field_turns_to_plain_text(session: Session) -> None:
    page = (
        "data:text/html,<label>Password <input type=password></label>"
        "<button onclick=\"document.querySelector('input').type='text'\">Show</button>"
    )
    await session.navigate(page)
    await session.type('role=textbox[name="Password"]', "visible-soon")
    seen = await session.click(button("Show"))
    assert "visible-soon" not in repr((seen, await session.snapshot()))


async def test_hidden_fields_are_covered_in_screenshots(session: Session) -> None:
    await session.navigate(
        "data:text/html,<style>body{margin:0}input{position:absolute;left:20px;width:200px;height:30px;border:0;"
        "padding:0;background:white}</style><input style=top:20px type=password value=hunter2>"
        "<input style=top:80px value=plain>"
    )
    frame = await session.screenshot()
    assert (frame.width, frame.height, frame.scale) == (1280, 800, 1)
    assert pixels(frame, 22, 22, 218, 48) == {(0x40, 0x40, 0x40)}
    assert (255, 255, 255) in pixels(frame, 22, 82, 218, 108)


async def test_a_field_with_a_secret_is_covered_in_screenshots(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    await session.type('role=textbox[name="API key"]', "secret://key")
    frame = await session.screenshot(target='role=textbox[name="API key"]')
    colours = pixels(frame, 3, 3, frame.width - 3, frame.height - 3)
    assert colours == {(0x40, 0x40, 0x40)}


async def test_a_secret_that_the_page_repeats_is_covered_and_cut_from_its_errors(session: Session, site: Site) -> None:
    await session.navigate(site.url("mirror.html"))
    seen = await session.type("role=textbox", "secret://key")
    assert seen.console_errors == ("x" * 290 + "(hidden)",)
    frame = await session.screenshot()
    for top, height in ((102, 38), (302, 16)):
        assert pixels(frame, 22, top, 200, top + height) == {(0x40, 0x40, 0x40)}
    assert (255, 255, 255) in pixels(frame, 0, 200, 300, 220)


async def test_a_screenshot_of_a_long_page_is_made_small_and_says_the_scale(session: Session, site: Site) -> None:
    await session.navigate(site.url("long.html"))
    frame = await session.screenshot(full_page=True)
    assert max(frame.width, frame.height) == 1600
    assert frame.scale > 5
    assert struct.unpack(">II", frame.data[16:24]) == (frame.width, frame.height)


# Points and keys


async def test_a_point_is_clicked_and_typed_at(session: Session, site: Site) -> None:
    await session.navigate(site.url("canvas.html"))
    assert (await session.act(Click(x=50, y=75))).title == "clicked"
    await session.act(Click(x=100, y=20))
    seen = await session.act(TypeText(text="ab\n"))
    assert any("textbox" in line and ": ab" in line for line in seen.changes)
    assert "+ text: enter" in seen.changes
    await session.act(Key(keys=("Control", "a")))
    seen = await session.act(Key(keys=("Delete",)))
    assert any(": ab" in line and line.startswith("-") for line in seen.changes)


async def test_a_drag_presses_and_releases_with_its_keys(session: Session, site: Site) -> None:
    await session.navigate(site.url("canvas.html"))
    seen = await session.act(Drag(path=(Point(x=20, y=150), Point(x=200, y=160)), keys=("Shift",)))
    assert "+ text: down 10 true up 190 shift released" in seen.changes


async def test_a_point_outside_the_picture_is_refused(session: Session, site: Site) -> None:
    await session.navigate(site.url("canvas.html"))
    with pytest.raises(NotActionable, match="outside"):
        await session.act(Click(x=1280, y=10))
    assert (await session.act(Scroll(x=10, y=10, dy=400))).acted == "Scrolled by 0, 400"


# Tables


async def test_the_innermost_table_with_headers_is_read_whole(session: Session, site: Site) -> None:
    await session.navigate(site.url("table.html"))
    table = await session.extract_table(caption="sales by region")
    assert (table.caption, table.columns) == ("Sales by region", ("Region", "Net", "Orders"))
    assert len(table.rows) == 51
    assert table.rows[-1] == {"Region": "Total", "Net": "1,275", "Orders": "51"}


async def test_a_grid_by_role_and_a_head_of_two_rows_are_read(session: Session, site: Site) -> None:
    seen = await session.navigate(site.url("table.html"))
    stock = await session.extract_table(target=ref_of('grid "Stock"', seen))
    assert stock.rows == ({"Item": "Bolts", "Left": "12"}, {"Item": "Nuts", "Left": "7"})
    heads = await session.extract_table(caption="Two heads")
    assert heads.rows[1] == {"Name": "North", "2026 / Q1": "3", "2026 / Q2": "4"}


async def test_several_tables_are_listed_by_caption_and_columns(session: Session, site: Site) -> None:
    await session.navigate(site.url("table.html"))
    with pytest.raises(Ambiguous, match=r"Stock \[ref=\w+\]: Item \| Left"):
        await session.extract_table()
    with pytest.raises(NoSuchTarget, match="Two heads"):
        await session.extract_table(caption="Nothing")
    await session.navigate(site.url("blank.html"))
    with pytest.raises(NoSuchTarget):
        await session.extract_table()


async def test_cells_that_nobody_sees_shift_no_columns(session: Session) -> None:
    await session.navigate(
        "data:text/html,<table><caption>T</caption><tr><th hidden>Id<th>Region<th>Net</tr>"
        "<tr><td style=display:none>1<td>North<td>10</tr><tr><td>South<td style=visibility:hidden>20</tr></table>"
    )
    table = await session.extract_table()
    assert table.rows == ({"Region": "North", "Net": "10"}, {"Region": "South", "Net": ""})


# Sessions


async def test_sessions_share_no_cookies_and_run_side_by_side(browsers: Browsers, site: Site) -> None:
    one, other = await browsers.open(owner="me"), await browsers.open(owner="me")
    await one.navigate(site.url("cookie"))
    assert "who=me" in ((await one.navigate(site.url("cookie"))).view or "")
    assert "Cookie: none" in ((await other.navigate(site.url("cookie"))).view or "")
    first_waits = anyio.Event()

    async def wait() -> None:
        first_waits.set()
        with suppress(TimedOut):
            await one.wait_for(text="never", time_s=20)

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await first_waits.wait()
            await other.navigate(site.url("blank.html"))  # is not held up by the other session
            group.cancel_scope.cancel()
    for session in (one, other):
        await browsers.close_session(session.handle, owner="me")


async def test_a_session_of_somebody_else_is_as_unknown_as_none(browsers: Browsers) -> None:
    mine = await browsers.session(None, owner="alice")
    assert await browsers.session(None, owner="alice") is mine
    assert await browsers.session(mine.handle, owner="alice") is mine
    for handle, owner in ((mine.handle, "mallory"), ("bs_none", "alice")):
        with pytest.raises(NoSuchSession) as error:
            await browsers.session(handle, owner=owner)
        assert error.value.code == "no_such_session"
        with pytest.raises(NoSuchSession):
            await browsers.close_session(handle, owner=owner)
    await browsers.close_session(mine.handle, owner="alice")
    assert await browsers.session(None, owner="alice") is not mine


async def test_two_first_calls_at_once_share_the_default_session(browsers: Browsers) -> None:
    found: list[Session] = []

    async def call() -> None:
        found.append(await browsers.session(None, owner="twice"))

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        group.start_soon(call)
    assert found[0] is found[1]


async def test_a_call_that_only_waits_for_others_is_told_so(session: Session, site: Site) -> None:
    await session.navigate(site.url("blank.html"))
    async with anyio.create_task_group() as group:
        group.start_soon(session.wait_for, "never", None, 20)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(Busy, match="not begun") as error:
            await session.snapshot()
        assert (error.value.code, error.value.performed) == ("busy", "no")
        group.cancel_scope.cancel()
    assert (await session.snapshot()).title == "Blank"


async def test_a_blank_popup_belongs_to_who_opened_it(session: Session, site: Site) -> None:
    await session.navigate("about:blank")
    assert session.origin_on("p1") == session.origin_on("p9") == session.origin_on(None) == ""
    await session.navigate(site.url("popper.html"))
    await session.click(button("Pop"))
    assert session.origin_on("p2") == site.origin
    assert (await session.describe(button("Next"), page="p2")).origin == site.origin
    await session.navigate(site.url("poppers.html"))  # a frame of another origin opens it
    seen = await session.click(button("Pop"))
    assert seen.opened == ("p3",)
    assert session.origin_on("p3") == "about:"
    assert (await session.describe(button("Next"), page="p3")).origin == "about:"
    await session.close_tab("p3")
    assert session.origin_on("p3") == ""


async def test_origins_are_those_navigated_to(session: Session, site: Site) -> None:
    assert session.origins == frozenset()
    await session.navigate(site.url("blank.html"))
    assert (session.origins, session.origin_on(None)) == ({site.origin}, site.origin)
    with pytest.raises(NavigationFailed):
        await session.navigate("http://127.0.0.1:47111/")
    assert session.origins == {site.origin}


@pytest.mark.parametrize(
    "url",
    [
        *("http://evil.example\\\\@portal.example/", "http://a@portal.example/", "https:///portal.example/"),
        *("http:portal.example", "https://portal.example/a b", "ht\ntp://portal.example/", " http://portal.example/"),
        *("http://portal.example:port/", "HTTP://:80/"),
    ],
)
async def test_an_address_that_can_be_read_in_two_ways_is_refused(session: Session, url: str) -> None:
    with pytest.raises(ValueError, match=r"port|80"):
        web_address(url)
    with pytest.raises(BadAddress) as error:
        await session.navigate(url)
    assert error.value.code == "bad_address"
    assert session.origins == frozenset()


async def test_addresses_that_are_clear_pass_unchanged(session: Session) -> None:
    for url in ("https://Portal.example:8443/a%20b?q=1#x", "http://[::1]/", "data:text/html,<p>a b \\\\ @", "reports"):
        assert web_address(url) == url
    await session.navigate("data:text/html,<p>a b")
    assert session.origins == frozenset()  # no host, no origin


# Faults


async def test_an_address_that_cannot_be_opened_is_told_in_a_sentence(session: Session, site: Site) -> None:
    for address, reason in (
        ("http://127.0.0.1:47111/", "nothing answers at 127.0.0.1:47111"),
        ("reports", "is not an address"),
    ):
        with pytest.raises(NavigationFailed, match=reason) as error:
            await session.navigate(address)
        assert "\n" not in str(error.value)
    assert (await session.navigate(site.url("blank.html"))).title == "Blank"


async def test_a_click_on_a_page_that_is_busy_afterwards_is_reported_as_done(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    seen = await session.click(button("Busy"))
    assert seen.changes == ("- status: 0", "+ status: busy done")


async def test_an_endless_script_times_out_as_unknown_and_the_next_call_works(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    with pytest.raises(TimedOut, match="closed") as error:
        await session.click(button("Loop"))
    assert error.value.performed == "unknown"
    assert (await session.navigate(site.url("blank.html"))).title == "Blank"


async def crashed(session: Session) -> None:
    with suppress(PlaywrightError):
        await session.context.pages[0].goto("chrome://crash")


async def test_a_page_that_crashes_is_replaced_and_cookies_survive(session: Session, site: Site) -> None:
    await session.navigate(site.url("cookie"))
    async with anyio.create_task_group() as group:
        group.start_soon(crashed, session)
        with pytest.raises(PageGone, match="cookies survive"):
            await session.wait_for(text="what never shows", time_s=5)
    assert "who=me" in ((await session.navigate(site.url("cookie"))).view or "")


async def test_a_cancelled_action_does_not_happen_and_leaves_the_session_usable(session: Session, site: Site) -> None:
    await session.navigate(site.url("acts.html"))
    with anyio.move_on_after(0.5) as scope:
        await session.click(button("Below"))  # is covered: waits to become free
    assert scope.cancelled_caught
    with anyio.move_on_after(0.3) as scope:
        await session.wait_for(text="never")
    assert scope.cancelled_caught
    assert (await session.click(button("Count"))).changes == ("- status: 0", "+ status: 1")


@pytest.mark.parametrize(
    ("victim", "blow"),
    [("browser", signal.SIGKILL), ("driver", signal.SIGKILL), ("browser", signal.SIGSTOP)],
    ids=["browser killed", "driver killed", "browser frozen"],
)
async def test_a_dead_process_ends_in_an_error_and_the_next_call_starts_another(
    site: Site, tmp_path: Path, victim: str, blow: signal.Signals
) -> None:
    with anyio.fail_after(50):
        await survived(site, tmp_path, victim, blow)
    gc.collect()  # an error that nobody took would be told to the event loop now, and fail this test


async def survived(site: Site, artefacts: Path, victim: str, blow: signal.Signals) -> None:
    async with opened(site, artefacts) as browsers:
        before = set(children())
        session = await browsers.session(None, owner="me")
        started = [process for process in children() if process not in before]
        await session.navigate(site.url("blank.html"))
        os.kill(next(p.pid for p in started if is_victim(p, victim)), blow)
        with pytest.raises(BrowserGone):
            await session.snapshot()
        with pytest.raises((BrowserGone, NoSuchSession)):
            await browsers.session(session.handle, owner="me")
        again = await browsers.session(None, owner="me")
        assert again.handle != session.handle
        assert (await again.navigate(site.url("blank.html"))).title == "Blank"
    _, left = psutil.wait_procs([p for p in children() if p not in before], timeout=20)
    assert left == []


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def is_victim(process: psutil.Process, victim: str) -> bool:
    with suppress(psutil.NoSuchProcess):
        line = process.cmdline()
        if victim == "driver":
            return any("run-driver" in word for word in line)
        return any("remote-debugging" in word for word in line) and not any("--type=" in word for word in line)
    return False


def test_a_browser_on_the_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "google-chrome"
    browser.write_text("#!/bin/sh\n", encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() == str(browser)


def test_playwright_is_not_imported_before_a_browser_is_needed() -> None:
    program = "import sys, bridges.browser.process; sys.exit('playwright' in sys.modules)"
    root = Path(__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False, timeout=30).returncode == 0


async def test_no_secret_and_no_call_log_is_in_an_error(session: Session, site: Site) -> None:
    await session.navigate(site.url("form.html"))
    await session.type('role=textbox[name="Password"]', "secret://password")
    with pytest.raises(BrowserError) as error:
        await session.click("text=" + _PASSWORD)
    assert _PASSWORD not in str(error.value)
    assert "Call log" not in str(error.value)

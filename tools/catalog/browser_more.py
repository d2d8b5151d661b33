"""The browser family beyond acting and looking: files, network, storage, scripts, recordings, judgements."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from tools.catalog import browser_arguments as given_
from tools.catalog.browser_facts import (
    absolute,
    look_between,
    look_cookie,
    look_credentials,
    look_download,
    look_drop,
    look_evaluate,
    look_hand_over,
    look_pointer,
    look_upload,
)
from tools.catalog.browser_spec import ANY_OBJECT, NAVIGATE_S, Spec
from tools.outcome import Answer, Refused
from tools.registry import Result
from tools.render import rendered, untrusted

if TYPE_CHECKING:
    from bridges.browser.judging import Judgement
    from bridges.browser.session import Session
    from bridges.browser.words import Target

__all__ = ["MORE"]

# The bridge's modules need Playwright, which is slow to import: each is imported by the call that needs it.


async def _forward(session: "Session", given: given_.OnSession) -> Result:
    return rendered(await session.back(forward=True, page=given.page))


async def _reload(session: "Session", given: given_.OnSession) -> Result:
    return rendered(await session.reload(page=given.page))


async def _drag(session: "Session", given: given_.DragBetween) -> Result:
    return rendered(await session.drag(given.startTarget, given.endTarget, page=given.page))


async def _down(session: "Session", given: given_.ButtonAtPointer) -> Result:
    return rendered(await session.button_at_pointer(True, given.button, page=given.page))


async def _up(session: "Session", given: given_.ButtonAtPointer) -> Result:
    return rendered(await session.button_at_pointer(False, given.button, page=given.page))


async def _resize(session: "Session", given: given_.Resize) -> Result:
    return rendered(await session.resize(given.width, given.height, page=given.page))


async def _emulate(session: "Session", given: given_.EmulateMedia) -> Result:
    stated = given.model_dump(exclude={"session", "page"}, exclude_unset=True)
    if not stated:
        return Refused(code="bad_arguments", reason="browser_emulate_media: give at least one setting")
    snake = {"colorScheme": "color_scheme", "reducedMotion": "reduced_motion", "forcedColors": "forced_colors"}
    features = {snake.get(name, name): value or "null" for name, value in stated.items()}
    return rendered(await session.emulate_media(features, page=given.page))


# Files


async def _upload(session: "Session", given: given_.Upload) -> Result:
    from bridges.browser.transfer import upload

    return rendered(await upload(session, given.paths, given.target, page=given.page))


async def _drop(session: "Session", given: given_.Drop) -> Result:
    from bridges.browser.transfer import drop

    return rendered(await drop(session, given.target, given.paths, given.data, page=given.page))


async def _download(session: "Session", given: given_.Fetch, expected: "Target | None") -> Result:
    from bridges.browser.transfer import download

    url = absolute(given.url) if given.url else expected.destination if expected else ""
    return rendered(await download(session, url, page=given.page))


async def _hand_over(session: "Session", given: given_.HandOver) -> Result:
    return rendered(await session.taken_back(page=given.page))


async def _pdf(session: "Session", given: given_.FileName) -> Result:
    from bridges.browser.transfer import save_pdf

    path = await save_pdf(session, given.filename, page=given.page)
    return Answer(text=f"Saved the page to {path}.", data={"session": session.handle, "path": str(path)})


# Console and network


async def _console(session: "Session", given: given_.ConsoleMessages) -> Result:
    from bridges.browser.traffic import console_messages

    lines = await console_messages(session, given.level, everything=given.all, page=given.page)
    return _listed("console messages", lines)


async def _requests(session: "Session", given: given_.NetworkRequests) -> Result:
    from bridges.browser.traffic import network_requests

    lines = await network_requests(
        session, static=given.static, pattern=given.filter, everything=given.all, page=given.page
    )
    return _listed("requests", lines)


async def _request(session: "Session", given: given_.NetworkRequest) -> Result:
    from bridges.browser.traffic import network_request

    text = await network_request(session, given.index, given.part, page=given.page)
    return Answer(text=untrusted(f"Request {given.index}", text or "(empty)"), data={"text": text})


async def _route(session: "Session", given: given_.Route) -> Result:
    from bridges.browser.traffic import header_list, route
    from bridges.browser.words import Mock

    without = tuple(name.strip().lower() for name in (given.removeHeaders or "").split(",") if name.strip())
    mock = Mock(
        pattern=given.pattern,
        status=given.status,
        body=given.body,
        content_type=given.contentType,
        headers=header_list(given.headers),
        without=without,
    )
    return _mocks(await route(session, mock))


async def _routes(session: "Session", given: given_.OnSession) -> Result:
    from bridges.browser.traffic import routes

    return _mocks(routes(session))


async def _unroute(session: "Session", given: given_.Unroute) -> Result:
    from bridges.browser.traffic import unroute

    return _mocks(await unroute(session, given.pattern))


def _mocks(mocks: tuple[Any, ...]) -> Answer:
    lines = [f"{each.pattern} → {each.status or ('200' if each.body is not None else 'the network')}" for each in mocks]
    return Answer(text="\n".join(lines) or "No answer is set in the network's place.", data={"routes": lines})


async def _network_state(session: "Session", given: given_.NetworkState) -> Result:
    from bridges.browser.traffic import offline

    await offline(session, given.state)
    return Answer(text=f"The session is {given.state}.", data={"session": session.handle, "state": given.state})


# Storage


async def _cookies(session: "Session", given: given_.CookieFilter) -> Result:
    from bridges.browser.storage import cookies

    found = await cookies(session, domain=given.domain, path=given.path)
    return _listed("cookies", tuple(map(str, found)))


async def _cookie(session: "Session", given: given_.CookieName) -> Result:
    from bridges.browser.storage import cookies

    found = await cookies(session, name=given.name)
    return _listed("cookies", tuple(map(str, found)))


async def _cookie_set(session: "Session", given: given_.CookieSet) -> Result:
    from bridges.browser.storage import set_cookie

    await set_cookie(session, given.model_dump(exclude={"session", "page"}, exclude_none=True), page=given.page)
    return Answer(text=f"Set the cookie {given.name}.", data={"session": session.handle})


async def _cookie_delete(session: "Session", given: given_.CookieDelete) -> Result:
    from bridges.browser.storage import clear_cookies

    await clear_cookies(session, name=given.name, domain=given.domain, path=given.path)
    return Answer(text=f"Deleted the cookie {given.name}.", data={"session": session.handle})


async def _cookie_clear(session: "Session", given: given_.OnSession) -> Result:
    from bridges.browser.storage import clear_cookies

    await clear_cookies(session)
    return Answer(text="Deleted all cookies of the session.", data={"session": session.handle})


def _storage_tools(area: Literal["local", "session"]) -> tuple[Spec, ...]:
    """Return the five tools of a storage area."""

    async def listed(session: "Session", given: given_.OnSession) -> Result:
        from bridges.browser.storage import stored

        items = await stored(session, area, page=given.page)
        return _listed("items", tuple(f"{key} ({len(value)} characters)" for key, value in items.items()))

    async def got(session: "Session", given: given_.ItemKey) -> Result:
        from bridges.browser.storage import stored

        items = await stored(session, area, page=given.page)
        if given.key not in items:
            known = ", ".join(items) or "none"
            return Refused(code="no_such_target", reason=f"there is no key {given.key!r}; there are: {known}")
        value = items[given.key]
        return Answer(text=untrusted(f"{given.key} =", value[:20_000]), data={"key": given.key, "value": value})

    async def put(session: "Session", given: given_.ItemValue) -> Result:
        from bridges.browser.storage import put_item

        await put_item(session, area, given.key, given.value, page=given.page)
        return Answer(text=f"Kept {given.key}.", data={"session": session.handle})

    async def removed(session: "Session", given: given_.ItemKey) -> Result:
        from bridges.browser.storage import remove_items

        await remove_items(session, area, given.key, page=given.page)
        return Answer(text=f"Forgot {given.key}.", data={"session": session.handle})

    async def cleared(session: "Session", given: given_.OnSession) -> Result:
        from bridges.browser.storage import remove_items

        await remove_items(session, area, page=given.page)
        return Answer(text="Forgot all of it.", data={"session": session.handle})

    name, words = f"{area}storage", f"{area} storage"
    return (
        _row(f"{name}_list", f"List {words}", f"List the keys in the page's {words}.", listed, effect="read"),
        _row(
            f"{name}_get",
            f"Read {words}",
            f"Return a value from the page's {words}; it may be a credential.",
            got,
            given_.ItemKey,
            look=look_credentials,
            worst="irreversible",
        ),
        _row(f"{name}_set", f"Write {words}", f"Keep a value in the page's {words}.", put, given_.ItemValue),
        _row(f"{name}_delete", f"Delete from {words}", f"Forget a key of the page's {words}.", removed, given_.ItemKey),
        _row(f"{name}_clear", f"Clear {words}", f"Forget all of the page's {words}.", cleared),
    )


# Scripts and recordings


async def _evaluate(session: "Session", given: given_.Evaluate) -> Result:
    from bridges.browser.scripting import evaluate

    text, seen = await evaluate(session, given.function, given.target, page=given.page)
    answer = rendered(seen)
    return Answer(text=untrusted("Result", text) + "\n" + answer.text, data=answer.data | {"result": text})


def _recording(kind: Literal["trace", "video"], begin: bool) -> Callable[..., Any]:
    async def record(session: "Session", given: given_.OnSession) -> Result:
        from bridges.browser import recording

        if begin:
            await recording.start(session, kind, page=given.page)
            return Answer(text=f"A {kind} is being made.", data={"session": session.handle})
        path = await recording.stop(session, kind)
        return Answer(text=f"The {kind} is in {path}.", data={"session": session.handle, "path": str(path)})

    return record


# Judgements


async def _find(session: "Session", given: given_.Find) -> Result:
    if (given.text is None) == (given.regex is None):
        return Refused(code="bad_arguments", reason="browser_find: give text or regex")
    seen = await session.find(text=given.text, regex=given.regex, most=given.maxResults, page=given.page)
    return rendered(seen)


async def _element_visible(session: "Session", given: given_.ElementVisible) -> Result:
    from bridges.browser.judging import element_visible

    return _judged(await element_visible(session, given.role, given.accessibleName, page=given.page))


async def _text_visible(session: "Session", given: given_.TextVisible) -> Result:
    from bridges.browser.judging import text_visible

    return _judged(await text_visible(session, given.text, page=given.page))


async def _list_visible(session: "Session", given: given_.ListVisible) -> Result:
    from bridges.browser.judging import list_visible

    return _judged(await list_visible(session, given.target, given.items, page=given.page))


async def _value_is(session: "Session", given: given_.ValueIs) -> Result:
    from bridges.browser.judging import value_is

    return _judged(await value_is(session, given.target, given.value, page=given.page))


async def _layout(session: "Session", given: given_.Layout) -> Result:
    from bridges.browser.looks import flaws

    found = await flaws(session, given.target, page=given.page)
    told = [flaw for flaw in found if not given.only or flaw.kind in given.only]
    data = {"holds": not told, "flaws": [asdict(flaw) for flaw in told]}
    if not told:
        return Answer(text="Yes: nothing overlaps, is cut off, out of reach or too faint.", data=data)
    lines = [str(flaw) for flaw in told[:20]] + ([f"… {len(told) - 20} more"] if len(told) > 20 else [])
    return Answer(text=untrusted(f"No: {len(told)} flaws", "\n".join(lines)), data=data)


async def _keep_picture(session: "Session", given: given_.KeepPicture) -> Result:
    from bridges.browser.looks import compare

    await compare(session, given.name, given.target, masks=given.mask, keep=True, page=given.page)
    return Answer(text=f"Kept the picture {given.name}.", data={"session": session.handle, "name": given.name})


async def _verify_picture(session: "Session", given: given_.ComparePicture) -> Result:
    from bridges.browser.looks import compare

    found = await compare(session, given.name, given.target, masks=given.mask, page=given.page)
    assert found is not None  # it was not to be kept
    holds = found.share <= given.tolerance
    x, y, width, height = found.box
    said = f"{found.share:.3%} of the pixels differ from {given.name}"
    said += f", all of them within {width}×{height} pixels at {x}, {y}" if found.share else ""
    sizes = [f"{wide}×{high}" for wide, high in found.sizes]
    said += f"; it was {sizes[0]} pixels and is {sizes[1]}" if sizes[0] != sizes[1] else ""
    data = {"holds": holds, "share": found.share, "box": list(found.box), "said": said}
    return Answer(text=f"{'Yes' if holds else 'No'}: {said}.", data=data)


def _judged(judgement: "Judgement") -> Answer:
    word = "Yes" if judgement.holds else "No"
    return Answer(text=f"{word}: {judgement.said}.", data={"holds": judgement.holds, "said": judgement.said})


async def _locator(session: "Session", given: given_.OnTarget) -> Result:
    from bridges.browser.judging import locator_of

    selector, code = await locator_of(session, given.target, page=given.page)
    return Answer(text=f"{selector}\nIn Playwright's Python: {code}", data={"selector": selector, "python": code})


def _listed(what: str, lines: tuple[str, ...]) -> Answer:
    text = untrusted(f"{len(lines)} {what}", "\n".join(lines)) if lines else f"No {what}."
    return Answer(text=text, data={what.replace(" ", "_"): list(lines)})


def _row(
    name: str, title: str, description: str, act: Callable[..., Any], arguments: Any = given_.OnSession, **more: Any
) -> Spec:
    return Spec(name, title, description, arguments, act, output=ANY_OBJECT, **more)


_IRREVERSIBLE: dict[str, Any] = {"worst": "irreversible"}

MORE: tuple[Spec, ...] = (
    Spec("navigate_forward", "Go forward", "Go forward to the page after.", given_.OnSession, _forward),
    Spec("reload", "Reload", "Load the page again.", given_.OnSession, _reload, deadline_s=NAVIGATE_S),
    Spec(
        "drag",
        "Drag an element",
        "Drag one element to another and return what changed.",
        given_.DragBetween,
        _drag,
        look=look_between,
        **_IRREVERSIBLE,
    ),
    Spec(
        "mouse_down",
        "Press a mouse button",
        "Press a mouse button where the pointer is.",
        given_.ButtonAtPointer,
        _down,
        look=look_pointer,
        **_IRREVERSIBLE,
    ),
    Spec(
        "mouse_up",
        "Let go of a mouse button",
        "Let go of a mouse button where the pointer is.",
        given_.ButtonAtPointer,
        _up,
        look=look_pointer,
        **_IRREVERSIBLE,
    ),
    Spec("resize", "Resize", "Give the page another viewport, in CSS pixels.", given_.Resize, _resize),
    Spec(
        "emulate_media",
        "Emulate media",
        "Show the page as with dark colours, reduced motion, more contrast, or as printed.",
        given_.EmulateMedia,
        _emulate,
    ),
    Spec(
        "file_upload",
        "Upload files",
        "Put files of the folder of artefacts into a file field or the open file chooser.",
        given_.Upload,
        _upload,
        look=look_upload,
        **_IRREVERSIBLE,
    ),
    Spec(
        "drop",
        "Drop on an element",
        "Drop files or data on an element, as if dragged from outside the page.",
        given_.Drop,
        _drop,
        look=look_drop,
        **_IRREVERSIBLE,
    ),
    Spec(
        "download",
        "Download a file",
        "Fetch an address, or where a link leads, as a file with the session's cookies.",
        given_.Fetch,
        _download,
        look=look_download,
        holds_on=True,
        deadline_s=NAVIGATE_S,
    ),
    Spec(
        "hand_over",
        "Hand over to a person",
        "Ask a person to act in the browser window (sign in, captcha), wait until they are done, return the page.",
        given_.HandOver,
        _hand_over,
        look=look_hand_over,
        **_IRREVERSIBLE,
    ),
    _row("pdf_save", "Save as PDF", "Save the page as PDF in the folder of artefacts.", _pdf, given_.FileName),
    _row(
        "console_messages",
        "Console messages",
        "Return what the page said on its console.",
        _console,
        given_.ConsoleMessages,
        effect="read",
    ),
    _row(
        "network_requests",
        "Network requests",
        "List the requests of the page, numbered.",
        _requests,
        given_.NetworkRequests,
        effect="read",
    ),
    _row(
        "network_request",
        "One network request",
        "Return headers and body of a request; headers that carry credentials are hidden.",
        _request,
        given_.NetworkRequest,
        effect="read",
    ),
    _row("route", "Mock the network", "Answer for the network where the address matches.", _route, given_.Route),
    _row("route_list", "List mocks", "List the answers set in the network's place.", _routes, effect="read"),
    _row("unroute", "Remove mocks", "Take away answers set in the network's place.", _unroute, given_.Unroute),
    _row(
        "network_state_set",
        "Go offline or online",
        "Cut the session off the network, or connect it again.",
        _network_state,
        given_.NetworkState,
    ),
    _row(
        "cookie_list",
        "List cookies",
        "List the session's cookies; values stay hidden.",
        _cookies,
        given_.CookieFilter,
        effect="read",
    ),
    _row(
        "cookie_get",
        "Show a cookie",
        "Return what is known of a cookie; its value stays hidden.",
        _cookie,
        given_.CookieName,
        effect="read",
    ),
    _row("cookie_set", "Set a cookie", "Set a cookie.", _cookie_set, given_.CookieSet, look=look_cookie),
    _row("cookie_delete", "Delete a cookie", "Delete cookies of a name.", _cookie_delete, given_.CookieDelete),
    _row(
        "cookie_clear",
        "Delete all cookies",
        "Delete all cookies of the session, which signs it out.",
        _cookie_clear,
    ),
    *_storage_tools("local"),
    *_storage_tools("session"),
    Spec(
        "evaluate",
        "Run a script",
        "Run JavaScript in the page; off unless the operator allows it.",
        given_.Evaluate,
        _evaluate,
        look=look_evaluate,
        output=ANY_OBJECT,
        **_IRREVERSIBLE,
    ),
    _row("start_tracing", "Start a trace", "Record a trace for Playwright's viewer.", _recording("trace", True)),
    _row("stop_tracing", "Stop the trace", "End the trace and return the file.", _recording("trace", False)),
    _row("start_video", "Start a video", "Record the page as a video.", _recording("video", True)),
    _row("stop_video", "Stop the video", "End the video and return the file.", _recording("video", False)),
    Spec(
        "find",
        "Find on the page",
        "Return the rows and lines that hold a text or match a regular expression, with their context.",
        given_.Find,
        _find,
        effect="read",
    ),
    _row(
        "verify_element_visible",
        "Does an element show?",
        "Say whether an element of a role and accessible name shows.",
        _element_visible,
        given_.ElementVisible,
        effect="read",
    ),
    _row(
        "verify_text_visible",
        "Does a text show?",
        "Say whether a text shows.",
        _text_visible,
        given_.TextVisible,
        effect="read",
    ),
    _row(
        "verify_list_visible",
        "Do items show in order?",
        "Say whether an element shows these texts in order.",
        _list_visible,
        given_.ListVisible,
        effect="read",
    ),
    _row(
        "verify_value",
        "Does a field hold a value?",
        "Say whether a field holds a value.",
        _value_is,
        given_.ValueIs,
        effect="read",
    ),
    _row(
        "generate_locator",
        "Locator of an element",
        "Return a selector that means this element alone.",
        _locator,
        given_.OnTarget,
        effect="read",
    ),
    _row(
        "verify_layout",
        "Does it look right?",
        "Say which elements overlap, are cut off, out of reach, or too faint to read (WCAG contrast).",
        _layout,
        given_.Layout,
        effect="read",
    ),
    _row(
        "keep_picture",
        "Keep a picture",
        "Keep how the page or an element looks now, to compare with later.",
        _keep_picture,
        given_.KeepPicture,
    ),
    _row(
        "verify_picture",
        "Does it look as it did?",
        "Compare the page or an element with its kept picture.",
        _verify_picture,
        given_.ComparePicture,
        effect="read",
    ),
)

"""Policies for tasks that are done by dragging, and for the mail boxes."""

import re
from collections.abc import Awaitable, Callable, Mapping

from bench.miniwob.hand import Hand, Lost
from bench.miniwob.reading import nodes, unmarked, words

__all__ = ["POLICIES"]

Policy = Callable[[Hand], Awaitable[None]]
_TRASH, _STAR = 1, 2  # the icons have no names; they stand after the way back
_SAY = r'"(.+?)"\.?(?: |$)'
_FORWARD = (r"email by (\w+) and forward that email to (\w+)", r"by (\w+) should be forwarded to (\w+)")


async def _opened(hand: Hand, sender: str) -> None:
    mails = [node for node in hand.all("generic") if node.label.startswith(sender)]
    if mails:
        await hand.click(mails[0])
    else:
        await hand.click(f'text="{sender}" >> nth=-1')


async def mail(hand: Hand) -> None:
    """Reply to, forward, star or delete the mail of a sender."""
    [sender] = hand.asked(r"email by (\w+)")
    await _opened(hand, sender)
    said = hand.words
    if text := re.search(r"with the text " + _SAY, said):
        await _answered(hand, text[1])
    elif to := re.search(_FORWARD[0], said):
        await _forwarded(hand, to[2])
    else:
        icons = [node for node in nodes(hand.seen[-1]) if node.role == "generic" and not node.label]
        await hand.click(icons[_STAR if "star icon" in said else _TRASH])


async def _answered(hand: Hand, text: str) -> None:
    await hand.click('text="Reply" >> nth=-1')
    await hand.type(hand.all("textbox")[-1], text)
    await _sent(hand)


async def _forwarded(hand: Hand, to: str) -> None:
    await hand.click('text="Forward" >> nth=-1')
    await hand.type(hand.all("textbox")[0], to)
    await _sent(hand)


async def _sent(hand: Hand) -> None:
    for text in reversed(hand.seen):
        icons = [node for node in nodes(text) if node.role == "generic" and not node.label and "pointer" in node.states]
        if len(icons) == 2:
            await hand.click(icons[1])
            return
    raise Lost(f"there is no icon to send with in {hand.seen[-1]!r}")


async def forwarded(hand: Hand) -> None:
    """Forward a mail that people asked for in their own words."""
    said = hand.words.split("heading")[0]
    names = re.findall(r"\b[A-Z]\w+", said)
    shown = [node.label for node in hand.all("generic")]
    senders = [name for name in names if any(label.startswith(name) for label in shown)]
    if not senders:
        raise Lost(f"nobody of {names!r} has written")
    first = re.search(r"(?:from|by|sent by|of) (\w+)|(\w+)'s", said)
    sender = next((part for part in (first.groups() if first else ()) if part in senders), senders[0])
    [to] = [name for name in dict.fromkeys(re.findall(r"(?:to|with) ([A-Z]\w+)", said)) if name != sender][:1]
    await _opened(hand, sender)
    await _forwarded(hand, to)


async def sorted_numbers(hand: Hand) -> None:
    """Sort a list by dragging its smallest number up, again and again."""
    for place in range(8):
        shown = words(hand.seen[-1] if "button" in hand.seen[-1] else hand.seen[0])
        numbers = [int(found) for found in re.findall(r"(?<!\w)-?\d+", re.split(r"the list\.", shown)[-1])]
        if place >= len(numbers):
            break
        least = min(numbers[place:])
        if numbers[place] != least:
            await hand.drag(f'text="{least}"', f'text="{numbers[place]}"')
    await hand.submit()


_GRID = {"up": -3, "down": 3, "left": -1, "right": 1}
_LINE = {"up": -1, "down": 1}
_ROWS, _COLUMNS = {"top": 0, "center": 3, "bottom": 6}, {"left": 0, "center": 1, "right": 2}


async def moved(hand: Hand) -> None:
    """Drag an item of a list to where it is wanted."""
    name, where, rest = hand.asked(r"Drag ([\w-]+) (.+?)\. (.*)")
    items = [word for word in re.findall(r"[A-Z][\w-]+", unmarked(rest)) if word != "START"]
    await hand.drag(f'text="{name}"', f'text="{items[_place(items.index(name), where, len(items))]}"')


def _place(now: int, where: str, count: int) -> int:
    if by := re.match(r"(\w+) by one", where):
        return now + (_GRID if count == 9 else _LINE)[by[1]]
    if number := re.search(r"(\d)\w\w position", where):
        return int(number[1]) - 1
    if count != 9:
        return 0 if "top" in where else count - 1
    row, *column = where.removeprefix("to the ").split()
    return _ROWS[row] + _COLUMNS[column[0] if column else "center"]


async def marked(hand: Hand) -> None:
    """Mark a paragraph by three clicks on it. Where it lies is found by what a click says that it hit."""
    number = re.search(r"the (\d)\w\w paragraph", hand.words)
    await hand.look(boxes=True)
    _, top, _, height = hand.one("button", "Submit").box
    hit: list[str] = []
    for y in (y for y in range(54, 208, 6) if not top - 2 <= y <= top + height + 2):
        await hand.act("browser_mouse_click_xy", {"x": 40, "y": y, "clickCount": 3})
        on = re.search(r'on (?:generic|paragraph)(?: "(.+?)")?', hand.answers[-1])
        if on and on[1] and on[1] not in hit:
            hit.append(on[1])
            if len(hit) == (int(number[1]) if number else 1):
                await hand.submit()
                return
    raise Lost("no paragraph was hit")


async def inside(hand: Hand) -> None:
    """Drag the small box onto the large one."""
    await hand.drag('text="s"', 'text="L"')
    await hand.submit()


async def resized(hand: Hand) -> None:
    """Pull a text area by its corner."""
    side, way = hand.asked(r"so that the (\w+) is (\w+) than")
    await hand.look(boxes=True)
    x, y, width, height = hand.all("textbox")[0].box
    corner, by = (x + width - 4, y + height - 4), 20 if way in ("larger", "bigger", "greater") else -20
    across, down = (by, 0) if side == "width" else (0, by)
    await hand.act(
        "browser_mouse_drag_xy",
        {"startX": corner[0], "startY": corner[1], "endX": corner[0] + across, "endY": corner[1] + down},
    )
    await hand.submit()


async def asked_for(hand: Hand) -> None:
    """Do with a mail what people asked for in their own words."""
    said = hand.words.split("heading")[0]
    shown = [node.label for node in hand.all("generic")]
    if text := re.search(r'"(.+?)"', said):
        await _opened(hand, _sender(said, shown))
        await _answered(hand, text[1])
    elif star := re.search(r"star|important|delete|trash|remove|get rid|erase", said, re.I):
        await _opened(hand, _sender(said, shown))
        icons = [node for node in nodes(hand.seen[-1]) if node.role == "generic" and not node.label]
        await hand.click(icons[_STAR if star[0].lower() in ("star", "important") else _TRASH])
    else:
        await forwarded(hand)


def _sender(said: str, shown: list[str]) -> str:
    for name in re.findall(r"\b[A-Z]\w+", said):
        if any(label.startswith(name) for label in shown):
            return name
    raise Lost(f"nobody in {said!r} has written")


MAILS = ["email-inbox", "email-inbox-delete", "email-inbox-forward", "email-inbox-important", "email-inbox-noscroll"]
POLICIES: Mapping[str, Policy] = {
    **dict.fromkeys([*MAILS, "email-inbox-reply", "email-inbox-star-reply"], mail),
    **dict.fromkeys(("email-inbox-forward-nl", "email-inbox-forward-nl-turk"), forwarded),
    "email-inbox-nl-turk": asked_for,
    "drag-sort-numbers": sorted_numbers,
    **dict.fromkeys(("drag-items", "drag-items-grid"), moved),
    **dict.fromkeys(("highlight-text", "highlight-text-2"), marked),
    "drag-box": inside,
    "resize-textarea": resized,
}

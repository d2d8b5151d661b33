"""Policies for tasks that are done by reading something and typing it."""

import re
from collections.abc import Awaitable, Callable, Mapping

from bench.miniwob.hand import Hand, Lost
from bench.miniwob.reading import Node, nodes, unmarked, words

__all__ = ["POLICIES"]

Policy = Callable[[Hand], Awaitable[None]]
_COLOUR = {
    "black": "000000",
    "white": "FFFFFF",
    "aqua": "00FFFF",
    "blue": "0000FF",
    "gray": "808080",
    "green": "008000",
    "lime": "00FF00",
    "maroon": "800000",
    "navy": "000080",
    "olive": "808000",
    "purple": "800080",
    "red": "FF0000",
    "silver": "C0C0C0",
    "teal": "008080",
    "yellow": "FFFF00",
    "pink": "FFC0CB",
    "magenta": "FF00FF",
    "gold": "FFD700",
    "orange": "FFA500",
}


async def text(hand: Hand) -> None:
    """Type what is quoted, in the letters that are wanted."""
    quoted, letters = hand.asked(r'"(.+?)" (into|in all lower case|in all upper case)')
    cased = {"into": quoted, "in all lower case": quoted.lower(), "in all upper case": quoted.upper()}
    await hand.type(hand.all("textbox")[0], cased[letters])
    await hand.submit()


async def password(hand: Hand) -> None:
    """Type a password twice."""
    [secret] = hand.asked(r'the password "(.+?)"')
    for field in hand.all("textbox"):
        await hand.type(field, secret)
    await hand.submit()


async def sign_in(hand: Hand) -> None:
    """Sign in with a name and a password, past what comes between."""
    user, secret = hand.asked(r'username "(.+?)" and the password "(.+?)"')
    fields, go = hand.all("textbox"), hand.all("button")[0]
    for field, given in zip(fields, (user, secret), strict=True):
        await _past_popups(hand, hand.type, field, given)
    await _past_popups(hand, hand.click, go)


async def _past_popups(hand: Hand, act: Callable[..., Awaitable[str]], *arguments: Node | str) -> None:
    try:
        shown = await act(*arguments)
    except Lost:
        shown = await hand.look()
        await _closed(hand, shown)
        shown = await act(*arguments)
    await _closed(hand, shown)


async def _closed(hand: Hand, shown: str) -> None:
    for node in nodes(shown):
        if node.role in ("button", "generic") and re.fullmatch(r"Cancel|Exit to home page", node.label):
            await hand.click(node)
            return


async def date(hand: Hand) -> None:
    """Type a date as its field wants it."""
    month, day, year = hand.asked(r"Enter (\d+)/(\d+)/(\d+)")
    await hand.type(hand.all("textbox")[0], f"{year}-{month}-{day}")
    await hand.submit()


async def time(hand: Hand) -> None:
    """Type a time as its field wants it."""
    hour, minute, half = hand.asked(r"Enter (\d+):(\d+) ([AP]M)")
    await hand.type(hand.all("textbox")[0], f"{int(hour) % 12 + 12 * (half == 'PM'):02}:{minute}")
    await hand.submit()


async def copied(hand: Hand) -> None:
    """Copy a text from one field to another."""
    which = re.search(r"the (\d)\w\w text area", hand.words)
    fields = hand.all("textbox")
    full = [field for field in fields if field.value]
    [empty] = [field for field in fields if not field.value]
    for field, keys in ((full[int(which[1]) - 1 if which else 0], "ac"), (empty, "v")):
        await hand.click(field)
        for key in keys:
            await hand.press(f"Control+{key}")
    await hand.submit()


async def last_word(hand: Hand) -> None:
    """Type the last word of a long text."""
    long, field = hand.all("textbox")
    whole = await hand.look(target=long.ref)
    await hand.type(field, re.findall(r"[\w.,]+", words(whole).split("canvas")[0])[-1].rstrip(".,"))
    await hand.submit()


async def nth_word(hand: Hand) -> None:
    """Type the word of a number."""
    number, paragraph = hand.asked(r'Find the (\d+)\w\w word .+? press "Submit"\.(.+?) textbox')
    await hand.type(hand.all("textbox")[0], re.findall(r"\w+", paragraph)[int(number) - 1])
    await hand.submit()


async def shown_text(hand: Hand) -> None:
    """Type a text that is drawn letter by letter."""
    [drawn] = hand.asked(r"press Submit\.(.+?) textbox")
    await hand.type(hand.all("textbox")[0], drawn.replace(" ", ""))
    await hand.submit()


async def sum_of_two(hand: Hand) -> None:
    """Work out a sum."""
    left, sign, right = hand.asked(r"(-?\d+) ([-+x*×]) (-?\d+) =")
    a, b = int(left), int(right)
    await hand.type(hand.all("textbox")[0], str({"+": a + b, "-": a - b}.get(sign, a * b)))
    await hand.submit()


async def unknown(hand: Hand) -> None:
    """Solve for x."""
    left, sign, right, total = hand.asked(r"(x|-?\d+) ([-+]) (x|-?\d+) = (-?\d+)")
    plus, result = sign == "+", int(total)
    if left == "x":
        solved = result - int(right) if plus else result + int(right)
    else:
        solved = result - int(left) if plus else int(left) - result
    await hand.type(hand.all("textbox")[0], str(solved))
    await hand.submit()


async def guess(hand: Hand) -> None:
    """Find a number by halves."""
    low, high = 0, 9
    field = hand.all("spinbutton", "textbox")[0]
    while low <= high:
        middle = (low + high) // 2
        await hand.type(field, str(middle))
        shown = words(await hand.submit())
        if "higher" not in shown and "lower" not in shown:
            return
        low, high = (middle + 1, high) if "higher" in shown else (low, middle - 1)


async def spinner(hand: Hand) -> None:
    """Type a number where it could be spun."""
    [number] = hand.asked(r"Select (-?\d+) with")
    await hand.type(hand.all("spinbutton")[0], number)
    await hand.submit()


async def colour(hand: Hand) -> None:
    """Type a colour's code where it could be picked."""
    [name] = hand.asked(r"Select (\w+) with the color")
    await hand.type(hand.all("textbox")[0], _COLOUR[name])
    await hand.press("Tab")
    await hand.submit()


async def from_table(hand: Hand) -> None:
    """Type the value that a table has for each label."""
    one = re.search(r"Enter the value of (.+?) into", hand.words)
    table = _rows(hand.seen[0])
    fields = hand.all("textbox")
    form = re.sub(r"\(beside:[^)]*\)", "", hand.words)
    labels = [one[1]] if one else re.findall(rf"\b({'|'.join(map(re.escape, table))}):", form)
    for field, label in zip(fields, labels, strict=True):
        await hand.type(field, table[label])
    await hand.submit()


def _rows(page: str) -> dict[str, str]:
    ours = re.findall(r"row(?: \[[^\]]*\])*: ([^|\n]+?) \| ([^|\n]+)", page)
    theirs = re.findall(r'cell "([^"]*)"[^\n]*\n\s*- cell "([^"]*)"', page)
    return dict([*ours, *theirs])


async def film(hand: Hand) -> None:
    """Fill in a search whose fields stand in any order, with labels before or after them."""
    genre, name, year = hand.asked(r"Search for (.+?) movies directed by (.+?) from year (\d+)")
    given = {"genre": genre, "director": name, "year": year, "released": year}
    form = re.split(r"from year \d+", unmarked(hand.seen[0]), maxsplit=1)[1]
    labels = re.findall(r"Genre|Director|Year|Released", re.sub(r"\(beside:[^)]*\)", "", form))
    for field, label in zip(hand.all("textbox"), labels, strict=True):
        await hand.type(field, given[label.lower()])
    last = [node for node in nodes(hand.seen[0]) if re.fullmatch(r"Submit|Search|Go!", node.label)][-1]
    await hand.click(last)


async def sequence(hand: Hand) -> None:
    """Tick one of several and fill one of several."""
    which, kind, number, place = hand.asked(
        r'Check the (\d)\w\w (\w+)[\w ]*? and enter the number "(\d+)" into the (\d)'
    )
    await hand.click(hand.all(kind)[int(which) - 1])
    await hand.type(hand.all("textbox")[int(place) - 1], number)
    await hand.submit()


async def chosen_and_pressed(hand: Hand) -> None:
    """Choose from a list and press a button."""
    choice, name = hand.asked(r'Choose (.+?) from the dropdown, then click the button labeled "(.+?)"')
    await hand.choose(hand.all("combobox")[0], choice)
    await hand.submit(name)


async def shell(hand: Hand) -> None:
    """Delete a file by its ending, in a terminal."""
    [ending] = hand.asked(r"ending with the extension (\.\w+)|")
    await hand.click("text=Welcome")
    await _typed(hand, "ls\n")
    names = re.findall(r"[\w.]+", words(hand.seen[-1]).rsplit("user$ ls", 1)[-1].split("user$")[0])
    fitting = [name for name in names if (name.endswith(ending) if ending else "." not in name)]
    if not fitting:
        raise Lost(f"no file ends with {ending!r}: {names!r}")
    await _typed(hand, f"rm {fitting[0]}\n")


async def _typed(hand: Hand, keys: str) -> None:
    if hand.name == "ours":
        await hand.act("browser_type_focused", {"text": keys})
        return
    for key in keys:
        await hand.press({"\n": "Enter", " ": "Space"}.get(key, key))


async def slider(hand: Hand) -> None:
    """Set sliders with the keyboard, tick what is named, and submit."""
    wanted = hand.asked(r"Select (-?\d+) with the slider|combination \[([-\d, ]+)\]")
    numbers = [int(number) for number in re.findall(r"-?\d+", next(filter(None, wanted)))]
    for place, number in enumerate(numbers):
        await hand.press("Tab")
        await _slid(hand, place, number)
    if box := re.search(r"click the (\d)\w\w checkbox", hand.words):
        await hand.click(hand.all("checkbox")[int(box[1]) - 1])
    await hand.submit()


async def _slid(hand: Hand, place: int, number: int) -> None:
    page = hand.seen[-1] if _values(hand.seen[-1]) else hand.seen[0]
    pages = True
    for _ in range(60):
        away = number - _values(page)[place]
        if not away:
            return
        page_key, key = ("PageUp", "ArrowRight") if away > 0 else ("PageDown", "ArrowLeft")
        shown = await hand.press(page_key if pages else key)
        if _values(shown):
            page = shown
        pages = pages and abs(number - _values(page)[place]) < abs(away) and (number - _values(page)[place]) * away > 0
    raise Lost(f"the slider did not get to {number}")


def _values(page: str) -> list[int]:
    said = words(unmarked(page))
    part = re.split(r"[Ss]ubmit\.", said, maxsplit=1)[-1]
    return [int(number) for number in re.findall(r'(?<![\w"-])(-?\d+)(?![\w"])', re.split(r"checkbox|button", part)[0])]


POLICIES: Mapping[str, Policy] = {
    **dict.fromkeys(("enter-text", "enter-text-2", "enter-text-dynamic"), text),
    "enter-password": password,
    **dict.fromkeys(("login-user", "login-user-popup"), sign_in),
    "enter-date": date,
    "enter-time": time,
    **dict.fromkeys(("copy-paste", "copy-paste-2"), copied),
    "scroll-text": last_word,
    "find-word": nth_word,
    "text-transform": shown_text,
    "simple-arithmetic": sum_of_two,
    "simple-algebra": unknown,
    "guess-number": guess,
    "use-spinner": spinner,
    "use-colorwheel": colour,
    **dict.fromkeys(("read-table", "read-table-2"), from_table),
    **dict.fromkeys(("multi-layouts", "multi-orderings"), film),
    "form-sequence-2": sequence,
    "form-sequence-3": chosen_and_pressed,
    "terminal": shell,
    **dict.fromkeys(("use-slider", "use-slider-2", "form-sequence"), slider),
}

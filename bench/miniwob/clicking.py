"""Policies for tasks that are done by choosing what to click."""

import re
from collections.abc import Awaitable, Callable, Mapping

from bench.miniwob.hand import Hand, Lost
from bench.miniwob.reading import Node, nodes, unmarked, words

__all__ = ["POLICIES"]

Policy = Callable[[Hand], Awaitable[None]]
_ALIKE = """
big large huge enormous gigantic; small tiny little mini petite; red scarlet crimson vermillion; happy cheerful joyful
gleeful delighted; sad unhappy sorrowful miserable tragic; angry mad furious irritated; evil wicked immoral sinful
corrupt depraved; wrong incorrect mistaken erroneous; real genuine actual; strange odd peculiar unusual weird; stop
cease halt end finish; scared terrified panicked fearful frightened afraid; quiet calm peaceful serene mild; old aged
archaic; love like adore favor; kill murder assassinate; keep retain preserve sustain maintain; hide conceal
camouflage; hate despise loathe detest dislike; funny humorous amusing comical laughable; fat fleshy plump chubby;
stupid dumb dull unwise; delicious savory delectable appetizing; cut slice carve chop; brave courageous fearless;
begin start initiate launch; answer reply response; television televisions TV TVs; house home houses homes; fire flame
fires flames; pig pork swine; rabbit rabbits bunny bunnies; car cars automobile automobiles vehicle vehicles; water
"""
_ROLES = {"text": "textbox", "textarea": "textbox"}


async def button(hand: Hand) -> None:
    """Click the button that the instruction names."""
    found = hand.asked(r'"(.+?)" button|button (ONE)|(the button)\.|(cancel) button')
    [name] = [part for part in found if part]
    await hand.click(hand.all("button")[0] if name == "the button" else hand.one("button", name))


async def buttons_in_turn(hand: Hand) -> None:
    """Click ONE and then TWO, with the pause that is asked for."""
    first, second = hand.one("button", "ONE"), hand.one("button", "TWO")
    await hand.click(first)
    if pause := re.search(r"wait (\d+) seconds", hand.words):
        await hand.wait(float(pause[1]) - 0.1)
    await hand.click(second)


async def link(hand: Hand) -> None:
    """Click the link that the instruction names."""
    [name] = hand.asked(r'the link "(.+?)"')
    await hand.click(hand.called(name, "generic", "link"))


async def checkboxes(hand: Hand) -> None:
    """Tick what is named and submit."""
    [named] = hand.asked(r"Select (.+?) and click Submit")
    for name in named.split(", ") if named != "nothing" else ():
        await hand.click(hand.one("checkbox", name))
    await hand.submit()


async def checkboxes_alike(hand: Hand) -> None:
    """Tick the words that mean the same as those that are named."""
    [named] = hand.asked(r"similar to (.+?) and click Submit")
    boxes = hand.all("checkbox")
    for wanted in named.split(", "):
        group = next((group.split() for group in _ALIKE.split(";") if wanted in group.split()), [wanted])
        for box in boxes:
            if box.name in group:
                await hand.click(box)
    await hand.submit()


async def option(hand: Hand) -> None:
    """Choose the radio button and submit."""
    [name] = hand.asked(r"Select (.+?) and click Submit")
    await hand.click(hand.one("radio", name))
    await hand.submit()


async def list_option(hand: Hand) -> None:
    """Choose from a list and submit."""
    [named] = hand.asked(r"Select (.+?) from the")
    await hand.choose(hand.all("combobox", "listbox")[0], *named.split(", "))
    await hand.submit()


async def tab(hand: Hand) -> None:
    """Click a tab."""
    [name] = hand.asked(r"Click on (Tab #\d)\.")
    await hand.click(hand.called(name, "tab", "link"))


async def link_in_tabs(hand: Hand) -> None:
    """Open one part after another until the link is there."""
    [name] = hand.asked(r'the link "(.+?)"')
    for part in [None, *(node for node in hand.all("tab") if "selected" not in node.states)]:
        if part is not None:
            await hand.click(part)
        if there := [node for node in nodes(hand.seen[-1]) if node.role != "tab" and _has(node, name)]:
            await hand.click(there[0])
            return
    raise Lost(f"no part holds {name!r}")


def _has(node: Node, name: str) -> bool:
    return re.match(rf"{re.escape(name)}(?!\w)", node.label) is not None


async def section(hand: Hand) -> None:
    """Expand the only section and submit."""
    await hand.click(hand.called("Section", "tab"))
    await hand.submit()


async def dialog(hand: Hand) -> None:
    """Close the dialog by the button that is named."""
    [name] = hand.asked(r'"(.+?)"')
    await hand.click(hand.called("Close" if name == "x" else name, "button"))


async def menu(hand: Hand) -> None:
    """Walk down a menu by hovering, and click its last item."""
    [path] = hand.asked(r"Select ([\w>]+)")
    *way, last = path.split(">")
    for name in way:
        await hand.hover(hand.one("menuitem", name))
    await hand.click(hand.one("menuitem", last))


async def menu_by_name(hand: Hand) -> None:
    """Find an item in a menu and its submenu."""
    await hand.click(hand.one("button", "Menu"))
    named = re.search(r'labeled "(.+?)"', hand.words)
    if named is None:
        raise Lost("the items' icons are not told")
    for step in (None, *(node for node in hand.all("menuitem") if node.name not in ("", named[1]))):
        if step is not None:
            await hand.hover(step)
        if there := [node for node in nodes(hand.seen[-1]) if node.role == "menuitem" and node.name == named[1]]:
            await hand.click(there[0])
            return
    raise Lost(f"no item is {named[1]!r}")


async def widget(hand: Hand) -> None:
    """Click an element of the role that is named."""
    [kind] = hand.asked(r'Click on a "(\w+)" widget')
    boxes = hand.all(_ROLES.get(kind, kind))
    if kind in _ROLES and len({node.value == "" for node in boxes}) > 1:
        raise Lost("text fields and areas look alike")
    await hand.click(boxes[0])


async def focus(hand: Hand) -> None:
    """Click the text field of the number that is named."""
    number = re.search(r"the (\d)\w\w input", hand.words)
    await hand.click(hand.all("textbox")[int(number[1]) - 1 if number else 0])


async def tree(hand: Hand) -> None:
    """Open folders, breadth first, until the name is there."""
    [name] = hand.asked(r'named "(.+?)"')
    opened: set[str] = set()
    while True:
        there = [node for text in hand.seen[-1:] for node in nodes(text) if node.role in ("generic", "listitem")]
        if found := [node for node in there if _has(node, name)]:
            await hand.click(f'text="{name}" >> nth=-1' if hand.name == "ours" else found[-1])
            return
        closed = [node for node in there if node.label and node.label not in opened]
        if re.search(rf"\b{name}\b", words(hand.seen[-1]).split(f'"{name}"')[-1]):
            await hand.click(f'text="{name}" >> nth=-1')
            return
        if not closed:
            raise Lost(f"no folder holds {name!r}")
        opened.add(closed[0].label)
        await hand.click(f'text="{closed[0].label.split(" ")[0]}" >> nth=-1')
        await hand.look()


async def odd_or_even(hand: Hand) -> None:
    """Mark each number."""
    numbers = [int(number) for number in re.findall(r'"Odd" (?:generic )?(-?\d+)', hand.words)]
    pairs = list(zip(_named(hand, "Odd"), _named(hand, "Even"), numbers, strict=True))
    for odd, even, number in pairs:
        await hand.click(odd if number % 2 else even)
    await hand.submit()


def _named(hand: Hand, name: str) -> list[Node]:
    return [node for node in hand.all("button") if node.name == name]


async def search(hand: Hand) -> None:
    """Search, turn pages, and click the result of the number that is named."""
    text, number = hand.asked(r'enter "(.+?)" and press "Search", then find and click the (\d+)')
    await hand.type(hand.all("textbox")[0], text)
    await hand.submit("Search")
    page, place = divmod(int(number) - 1, 3)
    for _ in range(page):
        await hand.click(hand.called(">", "link"))
    results = [node for node in hand.all("link") if re.search(r"\w\w", node.name)]
    await hand.click(results[place])


async def contact(hand: Hand) -> None:
    """Turn pages until the person is there, and click what is asked for."""
    name, what = hand.asked(r"Find (\w+) in the contact book and click on their ([\w ]+)")
    kind = what.split()[0].capitalize()
    for _ in range(20):
        if re.search(rf'"{name}"', hand.seen[-1].split("contact book")[-1]):
            break
        await hand.click(hand.called(">", "link"))
    else:
        raise Lost(f"nobody is {name!r}")
    after = hand.seen[-1].split(f"{kind}:", 1)[1]
    await hand.click(next(node for node in nodes(after) if node.label))


async def agreement(hand: Hand) -> None:
    """Read to the end where that is wanted, sign, and press the button."""
    if "Click the cancel button" in hand.words:
        await hand.submit("Cancel")
        return
    name, press = hand.asked(r'enter the name "(.+?)" then press "(\w+)"')
    await _scrolled(hand)
    await hand.type(hand.all("textbox")[-1], name)
    await hand.submit(press)


async def read_to_the_end(hand: Hand) -> None:
    """Scroll a text to its end and submit."""
    await _scrolled(hand)
    await hand.submit()


async def _scrolled(hand: Hand) -> None:
    try:
        await hand.click(hand.all("textbox")[0])
        await hand.press("Control+End")
    except Lost:  # it is disabled, and scrolls nevertheless
        await _wheeled(hand)


async def _wheeled(hand: Hand) -> None:
    await hand.look(boxes=True)
    x, y, width, height = hand.all("textbox")[0].box
    if hand.name == "reference":  # its wheel turns where the pointer is
        await hand.act("browser_mouse_move_xy", {"x": x + width // 2, "y": y + height // 2})
        await hand.act("browser_mouse_wheel", {"deltaX": 0, "deltaY": 9000})
    else:
        await hand.act("browser_mouse_wheel", {"x": x + width // 2, "y": y + height // 2, "deltaY": 9000})


async def generated(hand: Hand) -> None:
    """Generate numbers until one fits."""
    [wanted] = hand.asked(r"Generate (.+?), then press submit")
    for _ in range(60):
        shown = await hand.submit("Generate")
        number = re.search(r'(-?\d+)"?\s*(?:- )?button "Generate"', shown.split("submit.")[-1])
        if number and _fits(int(number[1]), wanted):
            await hand.submit()
            return
    raise Lost(f"no number was {wanted!r}")


def _fits(number: int, wanted: str) -> bool:
    bound = re.search(r"(less|greater|more) than (-?\d+)", wanted)
    if bound:
        return number < int(bound[2]) if bound[1] == "less" else number > int(bound[2])
    return number % 2 == ("odd" in wanted)


async def ticket(hand: Hand) -> None:
    """Buy the ticket that is cheapest, dearest, shortest or longest."""
    await _book(hand)


async def _book(hand: Hand) -> None:
    [wish] = hand.asked(r"(cheapest|most expensive|shortest|longest)")
    text = hand.seen[-1]
    offers = [node for node in hand.all("button") if "$" in node.name]
    times = [60 * int(hours) + int(minutes) for hours, minutes in re.findall(r"(\d+)h (\d+)m", text)]
    prices = [int(re.sub(r"\D", "", node.name)) for node in offers]
    keys = prices if wish in ("cheapest", "most expensive") else times
    best = (min if wish in ("cheapest", "shortest") else max)(keys)
    await hand.click(offers[keys.index(best)])


async def flight(hand: Hand) -> None:
    """Fill in a search with its lists and its calendar, and book what is wanted."""
    start, end, month, day = hand.asked(r"from: (.+?) to: (.+?) on (\d+)/(\d+)/")
    for label, place in (("From:", start), ("To:", end)):
        await hand.type(hand.called(label, "textbox"), place, slowly=True)
        items = [node for node in hand.all("listitem", "menuitem") if place.rstrip(".") in node.label]
        await hand.click(items[0])
    field = [node for node in nodes(hand.seen[0]) if node.role == "textbox"][2]
    await pick(hand, field, int(month), str(int(day)))
    await hand.submit("Search")
    await hand.look()
    await _book(hand)


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


async def pick(hand: Hand, field: Node, month: int, day: str) -> None:
    """Pick a day of this year's calendar, paging to its month."""
    await hand.click(field)
    for _ in range(12):
        there = re.findall("|".join(_MONTHS), hand.seen[-1])
        at = _MONTHS.index(there[-1]) + 1 if there else 12
        if at == month:
            break
        await hand.click('text="Prev"' if at > month else 'text="Next"')
        await hand.look()
    await hand.click(hand.called(day, "link"))


async def date(hand: Hand) -> None:
    """Pick a date and submit."""
    month, day = hand.asked(r"Select (\d+)/(\d+)/")
    await pick(hand, hand.all("textbox")[0], int(month), str(int(day)))
    await hand.submit()


async def tags(hand: Hand) -> None:
    """Type a beginning and take the suggestion that ends as wanted."""
    start, _, end = hand.asked(r'starts with "(.+?)"( and ends with "(.+?)")?\.')
    await hand.type(hand.all("textbox")[0], start, slowly=True)
    fitting = [node for node in hand.all("listitem", "menuitem") if node.label.endswith(end or "")]
    await hand.click(fitting[0])
    await hand.submit()


async def meals(hand: Hand) -> None:
    """Put dishes into the order by their plus signs."""
    lines = re.findall(r"^\s*- (?:text|generic[^:]*): ([^\n]+)$", hand.seen[0], re.MULTILINE)
    dishes = [line for line in lines if re.match(r"[A-Z]\w+ ", line) and not line.startswith("Order ")]
    if many := re.search(r"Order (\d+) items? that are ([\w-]+)", hand.words):
        place = next(at for at, dish in enumerate(dishes) if f'"{many[2]}"' in dish)
        places = [place] * int(many[1])
    else:
        [named] = hand.asked(r"one of each item: (.+?) heading")
        places = [next(at for at, dish in enumerate(dishes) if dish.startswith(name)) for name in named.split(", ")]
    for place in places:
        await hand.click(f'text="+" >> nth={place}')
    await hand.submit("Order!")


async def stock(hand: Hand) -> None:
    """Wait until the price has fallen, and buy."""
    [bound] = hand.asked(r"less than \$([\d.]+?)\. ")
    buy = hand.one("button", "Buy")
    for _ in range(400):
        shown = await hand.wait(0.1)
        price = re.search(r"Stock price:\D{0,20}\$([\d.]+)", words(shown))
        if price and float(price[1]) < float(bound):
            await hand.click(buy)
            return
    raise Lost("it never got that cheap")


async def pie(hand: Hand) -> None:
    """Open a round menu and click an item."""
    [name] = hand.asked(r'labeled "(.+?)"')
    await hand.click('text="+"')
    await hand.click(f'text="{name}" >> nth=-1')


async def greatest(hand: Hand) -> None:
    """Turn each card over, and then the best one again."""
    cards = [node for node in hand.all("generic") if "pointer" in node.states]
    worth: list[int] = []
    for card in cards:
        shown = await hand.click(card)
        worth.append(int(re.findall(r"(?<![\w#])\d+(?!\w)", unmarked(shown))[-1]))
    await hand.click(cards[worth.index(max(worth))])
    await hand.submit()


POLICIES: Mapping[str, Policy] = {
    **dict.fromkeys(("click-test", "click-test-2", "click-test-transfer", "click-button", "unicode-test"), button),
    **dict.fromkeys(("click-button-sequence", "button-delay"), buttons_in_turn),
    "click-link": link,
    **dict.fromkeys(("click-checkboxes", "click-checkboxes-large", "click-checkboxes-transfer"), checkboxes),
    "click-checkboxes-soft": checkboxes_alike,
    "click-option": option,
    **dict.fromkeys(("choose-list", "click-scroll-list"), list_option),
    "click-tab": tab,
    **dict.fromkeys(("click-tab-2", "click-tab-2-easy", "click-tab-2-medium", "click-tab-2-hard"), link_in_tabs),
    **dict.fromkeys(("click-collapsible-2", "click-collapsible-2-nodelay"), link_in_tabs),
    **dict.fromkeys(("click-collapsible", "click-collapsible-nodelay"), section),
    **dict.fromkeys(("click-dialog", "click-dialog-2"), dialog),
    "click-menu": menu,
    "click-menu-2": menu_by_name,
    "click-widget": widget,
    **dict.fromkeys(("focus-text", "focus-text-2"), focus),
    "navigate-tree": tree,
    "odd-or-even": odd_or_even,
    "search-engine": search,
    "phone-book": contact,
    "sign-agreement": agreement,
    "scroll-text-2": read_to_the_end,
    "generate-number": generated,
    "buy-ticket": ticket,
    **dict.fromkeys(("book-flight", "book-flight-nodelay"), flight),
    **dict.fromkeys(("choose-date", "choose-date-easy", "choose-date-medium", "choose-date-nodelay"), date),
    **dict.fromkeys(("use-autocomplete", "use-autocomplete-nodelay"), tags),
    "order-food": meals,
    "stock-market": stock,
    **dict.fromkeys(("click-pie", "click-pie-nodelay"), pie),
    "find-greatest": greatest,
}

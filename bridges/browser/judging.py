"""Is it so? Text, elements, values and lists of a page against what was expected, and the locator of an element."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridges.browser import acts
from bridges.browser.session import Session
from bridges.browser.target import Located, described, facts_of
from bridges.browser.words import NoSuchTarget, NotActionable
from bridges.browser.world import ask

__all__ = ["Judgement", "element_visible", "list_visible", "locator_of", "text_visible", "value_is"]

_PATIENCE_S = acts.PATIENCE_MS / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether it is so, and what was seen instead."""

    holds: bool
    said: str


async def element_visible(session: Session, role: str, name: str, *, page: str | None = None) -> Judgement:
    """Whether an element of this role and accessible name shows."""
    async with session.turn(page) as tab, session.limited(session.deadlines.snapshot_s):
        view = await session.observer.part(tab, None)
        kin = [node for node in view.root.walk() if node.role == role]
        if any(node.name == name for node in kin):
            return Judgement(holds=True, said=f'{role} "{name}" shows')
        names = ", ".join(repr(node.name) for node in kin[:10]) or "none"
        return Judgement(holds=False, said=f'no {role} "{name}" shows; of that role there are: {names}')


async def text_visible(session: Session, text: str, *, page: str | None = None) -> Judgement:
    """Whether a text shows, in whatever frame."""
    async with session.turn(page) as tab, session.limited(session.deadlines.snapshot_s):
        holds = await session.shows(tab, text)
        return Judgement(holds=holds, said=f"the text {text!r} {'shows' if holds else 'does not show'}")


async def list_visible(session: Session, target: str, items: Sequence[str], *, page: str | None = None) -> Judgement:
    """Whether an element shows these texts, in this order."""
    async with session.turn(page) as tab, session.limited(session.deadlines.snapshot_s):
        located = await session.locate(tab, target)
        view = await session.observer.part(tab, located)
        rest = "\n".join(line.text for line in view.lines)
        for item in items:
            before, found, rest = rest.partition(item)
            if not found:
                return Judgement(holds=False, said=f"{located} does not show {item!r} after {before[-60:]!r}")
        return Judgement(holds=True, said=f"{located} shows all {len(items)} items in order")


async def value_is(session: Session, target: str, value: str, *, page: str | None = None) -> Judgement:
    """Whether a field holds a value; "true" or "false" for a checkbox or a radio button."""
    async with session.turn(page) as tab, session.limited(session.deadlines.snapshot_s):
        located = await session.locate(tab, target)
        view = await session.observer.part(tab, located)
        node = next((node for node in view.root.walk() if node.ref or node.role == located.role), None)
        if node is None:
            raise NotActionable(f"{located} is no field")
        if located.role in ("checkbox", "radio", "switch"):
            found = "true" if "checked" in node.states else "false"
        elif (await facts_of(located.locator, timeout_s=_PATIENCE_S)).options is not None:
            found = ", ".join(option.name for option in node.walk() if "selected" in option.states)
        else:
            found = node.text
        return Judgement(holds=found == value, said=f"{located} holds {found!r}")


async def locator_of(session: Session, target: str, *, page: str | None = None) -> tuple[str, str]:
    """Return a selector of the element that means it alone, and its locator in Playwright's Python.

    Raises:
        NoSuchTarget: Nothing matches, or several do.
    """
    async with session.turn(page) as tab, session.limited(session.deadlines.snapshot_s):
        located = await session.locate(tab, target)
        code = f"page.{await located.locator.normalize()}"
        for selector in await _selectors(session, located, tab.handle):
            matching = located.frame.locator(selector)
            if await matching.count() == 1:
                said: dict[str, str] = await ask(matching, "self", timeout_s=_PATIENCE_S)
                if located.ref.endswith(said["ref"]):
                    return selector, code
        raise NoSuchTarget(f"no short selector means {located} alone; in Playwright it is {code}")


async def _selectors(session: Session, located: Located, page: str) -> list[str]:
    tab = session.pages.tab(page)
    found = await described(tab, located, session.scrub, timeout_s=_PATIENCE_S)
    quoted = located.name.replace("\\", "\\\\").replace('"', '\\"')
    selectors = [f'role={located.role}[name="{quoted}"]'] if located.name and located.role != "generic" else []
    names: dict[str, str] = await ask(located.locator, "names", timeout_s=_PATIENCE_S)
    selectors += [f'[{key}="{value}"]' for key, value in names.items()]
    if located.name:
        selectors.append(f'{found.tag}:text-is("{quoted}")')
    return selectors

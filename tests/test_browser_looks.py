"""UI testing that needs eyes: what is wrong by boxes and colours, pictures that are kept, both in contracts too."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from bridges.browser.install import find_browser
from tests.browser_site import Site, served
from tests.house import House, configured, connected, text_of

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


@pytest.fixture
async def house(tmp_path_factory: pytest.TempPathFactory, site: Site) -> AsyncGenerator[House]:
    config = configured(tmp_path_factory.mktemp("looks"), f'[browser]\norigins = ["{site.origin}"]\n')
    async with connected(config) as house:
        await house.call("browser_navigate", url=site.url("looks.html"))
        yield house


async def data(house: House, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await house.call(tool, **arguments)
    assert not result.is_error, text_of(result)
    return dict(result.structured_content or {})


def button(name: str) -> str:
    return f'role=button[name="{name}"]'


async def test_a_page_that_looks_right_has_no_flaws(house: House) -> None:
    assert (await data(house, "browser_verify_layout"))["holds"] is True


async def test_what_overlaps_is_cut_faint_or_out_of_reach_is_told_with_its_ref(house: House) -> None:
    await data(house, "browser_click", target=button("Break"))
    found = await data(house, "browser_verify_layout")
    kinds = {flaw["kind"]: flaw for flaw in found["flaws"]}
    assert set(kinds) == {"overlap", "clipped", "contrast", "off-screen"}
    assert 'button "Over"' in kinds["overlap"]["words"] + kinds["overlap"]["element"]
    assert "2.32 to 1" in kinds["contrast"]["words"]
    faint = await house.call("browser_snapshot", target=kinds["contrast"]["ref"])
    assert "Faint words" in text_of(faint)
    only = await data(house, "browser_verify_layout", only=["clipped"])
    assert {flaw["kind"] for flaw in only["flaws"]} == {"clipped"}


async def test_a_kept_picture_tells_what_changed_and_where_and_a_mask_covers_what_may(house: House) -> None:
    unknown = await house.call("browser_verify_picture", name="report")
    assert "keep one first" in text_of(unknown)
    await data(house, "browser_keep_picture", name="report", mask=["#clock"])
    assert (await data(house, "browser_verify_picture", name="report", mask=["#clock"]))["share"] == 0
    await data(house, "browser_click", target=button("Tick"))
    assert (await data(house, "browser_verify_picture", name="report", mask=["#clock"]))["holds"] is True
    await data(house, "browser_click", target=button("Break"))
    broken = await data(house, "browser_verify_picture", name="report", mask=["#clock"])
    assert (broken["holds"], broken["box"][2] > 50) == (False, True)
    assert "of the pixels differ" in broken["said"]


async def test_the_picture_of_an_element_is_compared_by_its_size_too(house: House) -> None:
    await data(house, "browser_keep_picture", name="clock", target="#clock")
    await data(house, "browser_click", target=button("Tick"))
    ticked = await data(house, "browser_verify_picture", name="clock", target="#clock", tolerance=0)
    assert ticked["holds"] is False
    assert (await data(house, "browser_verify_picture", name="clock", target="#clock", tolerance=0.5))["holds"] is True


async def test_a_contract_holds_the_look_of_a_page(house: House) -> None:
    await data(house, "browser_keep_picture", name="report")
    checks = [
        {"kind": "layout", "id": "looks-right", "invariant": True},
        {"kind": "picture", "id": "as-before", "picture": "report", "invariant": True},
        {"kind": "page_text", "id": "ticked", "text": "12:01"},
    ]
    contract = (await data(house, "verify", task="let the clock tick", checks=checks))["contract"]
    await data(house, "browser_click", target=button("Tick"))
    await data(house, "browser_click", target=button("Break"))
    verdict = text_of(await house.call("verify", contract=contract))
    assert "REFUTED" in verdict
    assert "overlap" in verdict
    assert "of the pixels differ" in verdict

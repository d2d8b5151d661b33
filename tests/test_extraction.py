"""Rows out of tables, lists and forms by a schema, through an MCP client; and the matching of words on its own."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from bridges.browser.install import find_browser
from bridges.browser.words import Field, Table
from tests.browser_site import Site, served
from tests.house import House, configured, connected, text_of
from tools.extraction import rows_of_items, shaped

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
async def house(tmp_path_factory: pytest.TempPathFactory, site: Site) -> AsyncGenerator[House]:
    config = configured(tmp_path_factory.mktemp("shop"), f'[browser]\norigins = ["{site.origin}"]\n')
    async with connected(config) as house:
        await house.call("browser_navigate", url=site.url("shop.html"))
        yield house


async def extracted(house: House, **arguments: Any) -> dict[str, Any]:
    result = await house.call("browser_extract", **arguments)
    assert not result.is_error, text_of(result)
    assert "untrusted" in text_of(result)
    return dict(result.structured_content or {})


PRODUCT = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "price": {"type": "number"},
        "stock": {"type": "integer"},
        "url": {"type": "string"},
    },
}


async def test_repeated_items_become_rows_by_a_schema_and_what_does_not_fit_is_said(house: House, site: Site) -> None:
    data = await extracted(house, kind="list", schema=PRODUCT)
    assert data["rows"] == [
        {"title": "Red lamp", "price": 19.5, "stock": 7, "url": site.url("p/1")},
        {"title": "Blue chair", "price": 1249, "stock": None, "url": site.url("p/2")},
        {"title": "Green desk", "price": 310, "stock": 0, "url": site.url("p/3")},
    ]
    assert data["notes"] == ["row 2: 'sold out' in 'stock' is no integer"]


async def test_every_value_can_be_checked_where_it_stands(house: House) -> None:
    data = await extracted(house, kind="list", schema=PRODUCT)
    price = await house.call("browser_snapshot", target=data["cells"][1]["price"])
    assert "€ 1,249.00" in text_of(price)
    table = await extracted(house, caption="Sizes")
    assert "1,000.50" in text_of(await house.call("browser_snapshot", target=table["cells"][0]["Net (EUR)"]))


async def test_a_list_without_schema_and_the_part_of_a_page_meant(house: House) -> None:
    data = await extracted(house, kind="list", target='role=list[name="Plain"]')
    assert [row["text"] for row in data["rows"]] == ["One", "Two"]


async def test_a_form_is_read_by_its_labels_and_passwords_stay_hidden(house: House) -> None:
    data = await extracted(house, kind="form", target='role=form[name="Order"]')
    assert data["rows"] == [{"Name": "Ada", "Gift": "true", "Way": "Post", "Code": "(hidden)", "Day": "Tue"}]


async def test_columns_are_found_by_their_words_and_typed(house: House) -> None:
    schema = {"properties": {"size": {}, "net": {"type": "number"}, "weight": {}}}
    data = await extracted(house, caption="Sizes", schema=schema)
    assert data["rows"] == [
        {"size": "S", "net": 1000.5, "weight": None},
        {"size": "M", "net": None, "weight": None},
    ]
    assert data["notes"] == ["no column is called like 'weight'", "row 2: 'n/a' in 'net' is no number"]


async def test_where_nothing_repeats_that_is_said(house: House) -> None:
    result = await house.call("browser_extract", kind="list", target="h3 >> nth=0")
    assert result.is_error
    assert "nothing is repeated" in text_of(result)


def test_a_word_that_two_columns_share_means_neither() -> None:
    table = Table(caption="", columns=("Net sales", "Net costs"), rows=({"Net sales": "1", "Net costs": "2"},))
    rows = shaped(table, {"properties": {"net": {}, "netCosts": {"type": "integer"}}})
    assert rows.rows == ({"net": None, "netCosts": 2},)


def test_a_title_of_the_schema_counts_as_a_name() -> None:
    items = [[Field(keys=("Preis",), value="3", ref="e1")]]
    rows = rows_of_items(
        items, {"type": "array", "items": {"properties": {"p": {"title": "Preis", "type": "integer"}}}}
    )
    assert (rows.rows, rows.cells) == (({"p": 3},), ({"p": "e1"},))

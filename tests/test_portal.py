"""The reporting portal: what it shows is what its database says, and it behaves as such portals do."""

import csv
import io
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import anyio
import httpx2
import pytest
from playwright.async_api import Dialog, Frame, Page, async_playwright, expect

from examples.portal import data
from examples.portal.app import PortalOptions, build
from examples.portal.labels import LABELS, UnknownLabel
from examples.portal.serve import serving

pytestmark = pytest.mark.anyio

PASSWORD = "correct & 'horse'"
INSTALLED = shutil.which("chromium") or shutil.which("google-chrome")  # else Playwright's own
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Written apart from the portal's statement: by month arithmetic and exclusion, not by dates and inclusion.
TRUTH = """
WITH counted AS (
    SELECT id, customer_id FROM orders
    WHERE status NOT IN ('cancelled', 'test')
      AND CAST(strftime('%Y', order_date) AS INTEGER) = :year
      AND (CAST(strftime('%m', order_date) AS INTEGER) + 2) / 3 = :quarter)
SELECT (SELECT r.name FROM customers AS c, regions AS r
        WHERE c.id = counted.customer_id AND r.id = c.region_id),
       COUNT(*), SUM((SELECT SUM(quantity) FROM order_lines WHERE order_id = counted.id)),
       SUM((SELECT SUM(amount_cents) FROM order_lines WHERE order_id = counted.id))
FROM counted GROUP BY 1 ORDER BY 1
"""


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Tables(HTMLParser):
    """The cells of each captioned table, and the text of every other cell with that of the cell after it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.captioned: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] | None = None
        self._text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._text = ""
        if tag == "tr" and self._rows is not None:
            self._rows.append([])

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        match tag:
            case "caption":
                self._rows = self.captioned[self._text] = []
            case "td" | "th" if self._rows:
                self._rows[-1].append(self._text)
            case "table":
                self._rows = None
            case _:
                pass


class Visitor:
    """Somebody at the portal, over HTTP alone."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def log_in(self, *, user: str = "analyst", password: str = PASSWORD) -> httpx2.Response:
        csrf = token(await self.http.get("/login"))
        return await self.http.post("/login", data={"user": user, "password": password, "csrf": csrf})

    async def submit(self, **changes: str) -> httpx2.Response:
        csrf = token(await self.http.get("/reports"))
        choice = {"report": "revenue", "year": "2026", "quarter": "1", "breakdown": "region", "csrf": csrf}
        return await self.http.post("/reports", data=choice | changes)

    async def finished(self, job: str) -> str:
        with anyio.fail_after(10):
            while 'http-equiv="refresh"' in (page := (await self.http.get(job)).text):
                pass
        return page

    async def result(self, **changes: str) -> tuple[str, list[list[str]], str]:
        """The first page's HTML, the rows of all pages under their header, and the CSV file."""
        job = (await self.submit(**changes)).headers["location"]
        assert "View result" in await self.finished(job)
        first = html = (await self.http.get(f"{job}/result")).text
        (rows,) = Tables(html).captioned.values()
        while following := re.search(r'href="([^"]+)">Next<', html):
            html = (await self.http.get(unescape(following[1]))).text
            (more,) = Tables(html).captioned.values()
            rows += more[1:]
        return first, rows, (await self.http.get(f"{job}/result.csv")).content.decode("utf-8")


def token(page: httpx2.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


@asynccontextmanager
async def visiting(options: PortalOptions, clock: Clock | None = None) -> AsyncGenerator[Visitor]:
    app = build(options, clock=clock or Clock())
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://portal.test") as http,
    ):
        yield Visitor(http)


@pytest.fixture
def options(tmp_path: Path) -> PortalOptions:
    return portal(tmp_path)


def portal(folder: Path, *, seed: int = 1) -> PortalOptions:
    return PortalOptions(database=folder / "portal.sqlite", password=PASSWORD, seed=seed, delay=0)


def query(options: PortalOptions, statement: str, **values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(options.database)) as db:
        return db.execute(statement, values).fetchall()


def jobs(options: PortalOptions) -> int:
    ((number,),) = query(options, "SELECT count(*) FROM jobs")
    assert isinstance(number, int)
    return number


def truth(options: PortalOptions, *, year: int = 2026, quarter: int = 1) -> list[list[str | int | Decimal]]:
    """Name, orders, units, revenue in dollars and share in percent of every region."""
    with closing(sqlite3.connect(options.database)) as db:
        rows = db.execute(TRUTH, {"year": year, "quarter": quarter}).fetchall()
    total = sum(cents for *_, cents in rows)
    return [[name, orders, units, Decimal(cents) / 100, share(cents, total)] for name, orders, units, cents in rows]


def share(part: int, whole: int) -> Decimal:
    return (Decimal(100 * part) / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def number(shown: str) -> Decimal:
    plain = re.fullmatch(r"\(?(\d{1,3}(?:,\d{3})*(?:\.\d\d)?)\)?%?", shown)
    assert plain, shown
    value = Decimal(plain[1].replace(",", ""))
    return -value if shown.startswith("(") else value


def read(rows: list[list[str]]) -> list[list[str | Decimal]]:
    return [[row[0], *map(number, row[1:])] for row in rows[1:]]


@pytest.mark.parametrize(("seed", "year", "quarter"), [(1, 2026, 1), (2, 2025, 4), (3, 2024, 2), (3, 2026, 1)])
async def test_the_regional_table_equals_an_independent_query(
    tmp_path: Path, seed: int, year: int, quarter: int
) -> None:
    options = portal(tmp_path, seed=seed)
    async with visiting(options) as visitor:
        await visitor.log_in()
        html, rows, _ = await visitor.result(year=str(year), quarter=str(quarter))
    expected = truth(options, year=year, quarter=quarter)
    assert rows[0] == ["Region", "Orders", "Units", "Revenue (USD)", "Share"]
    assert read(rows) == expected
    assert f"<h1>Revenue by region, Q{quarter} {year}</h1>" in html
    assert f"Rows 1 to 5 of {len(expected)}" in html
    assert 9 <= len(expected) <= 14


async def test_the_summary_is_the_sum_of_the_rows(options: PortalOptions) -> None:
    async with visiting(options) as visitor:
        await visitor.log_in()
        html, rows, _ = await visitor.result()
    summary = dict(re.findall(r"<td>([^<]+)</td><td class=\"number\"><b>([^<]+)</b></td>", html))
    assert {label: number(value) for label, value in summary.items()} == {
        "Total revenue (USD)": sum(number(row[3]) for row in rows[1:]),
        "Total orders": sum(number(row[1]) for row in rows[1:]),
        "Number of regions": len(rows) - 1,
    }


async def test_the_csv_file_holds_every_page_in_plain_decimals(options: PortalOptions) -> None:
    async with visiting(options) as visitor:
        await visitor.log_in()
        _, rows, text = await visitor.result()
    header, *lines = csv.reader(io.StringIO(text))
    assert header == ["region", "orders", "units", "revenue_usd", "share_percent"]
    assert [[line[0], *map(Decimal, line[1:])] for line in lines] == read(rows)
    assert all(re.fullmatch(r"-?\d+\.\d\d", line[3]) for line in lines)


async def test_names_and_negative_amounts_survive_on_the_page(options: PortalOptions) -> None:
    async with visiting(options) as visitor:
        await visitor.log_in()
        _, rows, text = await visitor.result()
    names = [row[0] for row in rows]
    assert {"Île-de-France & Normandie", "Provence-Côte d'Azur", "São Paulo"} <= set(names)
    assert any(re.fullmatch(r"\([\d,]+\.\d\d\)", row[3]) for row in rows)
    assert re.search(r",-\d+\.\d\d,-\d+\.\d\d\r\n", text)


async def test_orders_and_customers_by_product_line_are_distinct_counts(options: PortalOptions) -> None:
    distinct = """
        SELECT product_line, COUNT(DISTINCT {column}) FROM order_lines, orders, products
        WHERE orders.id = order_id AND products.id = product_id AND status IN ('shipped', 'returned')
        AND order_date >= '2025-10-01' AND order_date < '2026-01-01' GROUP BY 1 ORDER BY 1"""
    async with visiting(options) as visitor:
        await visitor.log_in()
        for report, column in {"orders": "orders.id", "customers": "customer_id"}.items():
            html, rows, text = await visitor.result(report=report, year="2025", quarter="4", breakdown="product_line")
            found = [(row[0], int(number(row[1]))) for row in rows[1:]]
            assert found == query(options, distinct.format(column=column))
            assert rows[0][0] == "Product line"
            assert "<caption>Product line breakdown</caption>" in html
            assert text.startswith("product_line,")


def test_a_seed_decides_the_data(tmp_path: Path) -> None:
    for name, seed in {"one": 7, "again": 7, "other": 8}.items():
        data.prepare(tmp_path / name, seed=seed)
    one, again, other = ((tmp_path / name).read_bytes() for name in ("one", "again", "other"))
    assert one == again
    assert one != other


def test_a_database_of_another_seed_is_not_used(tmp_path: Path) -> None:
    build(portal(tmp_path, seed=1))
    with pytest.raises(data.DatabaseMismatch, match="the data of seed 1, not that of seed 2"):
        build(portal(tmp_path, seed=2))


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(options: PortalOptions) -> None:
    async with visiting(options) as visitor:
        for answer in await visitor.log_in(password="wrong"), await visitor.log_in(user="nobody"):
            assert answer.status_code == 403
            assert "Invalid user name or password" in answer.text
        assert (await visitor.http.get("/reports")).headers["location"] == "/login"


async def test_five_failures_lock_the_account_for_a_while(options: PortalOptions) -> None:
    clock = Clock()
    async with visiting(options, clock) as visitor:
        answers = [(await visitor.log_in(password="wrong")).status_code for _ in range(5)]
        assert answers == [403, 403, 403, 403, 429]
        refused = await visitor.log_in()
        assert refused.status_code == 429
        assert LABELS["error_locked"] in refused.text
        clock.now += options.lock_lasts
        assert (await visitor.log_in()).headers["location"] == "/"


async def test_a_session_ends_when_it_is_not_used(options: PortalOptions) -> None:
    clock = Clock()
    async with visiting(options, clock) as visitor:
        await visitor.log_in()
        clock.now += options.session_lasts - 1
        assert (await visitor.http.get("/reports")).status_code == 200
        clock.now += options.session_lasts
        ended = await visitor.http.get("/reports")
        assert ended.headers["location"] == "/login?ended=1"
        assert LABELS["error_session"] in (await visitor.http.get("/login?ended=1")).text


async def test_logging_in_changes_the_cookie_and_logging_off_ends_it(options: PortalOptions) -> None:
    async with visiting(options) as visitor:
        await visitor.http.get("/login")
        before = visitor.http.cookies["PORTALSESSION"]
        await visitor.log_in()
        during = visitor.http.cookies["PORTALSESSION"]
        assert during != before
        await visitor.http.post("/logoff", data={"csrf": token(await visitor.http.get("/navigation"))})
        visitor.http.cookies.set("PORTALSESSION", during, domain="portal.test")
        assert (await visitor.http.get("/reports")).status_code == 303


@pytest.mark.parametrize(
    "path", ["/", "/navigation", "/reports", "/jobs", "/jobs/1", "/jobs/1/result", "/jobs/1/result.csv"]
)
async def test_every_page_needs_a_session(options: PortalOptions, path: str) -> None:
    async with visiting(options) as visitor:
        answer = await visitor.http.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_a_submit_queues_one_more_job_each_time(options: PortalOptions) -> None:
    async with visiting(options) as visitor:
        await visitor.log_in()
        assert [(await visitor.submit()).headers["location"] for _ in range(2)] == ["/jobs/1", "/jobs/2"]
        listed = Tables((await visitor.http.get("/jobs")).text).captioned["Report jobs"]
    assert [row[0] for row in listed[1:]] == ["2", "1"]
    assert (
        query(options, "SELECT submitted_by, report, year, quarter FROM jobs") == [("analyst", "revenue", 2026, 1)] * 2
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"csrf": "ü"}, 403), ({"year": "2023"}, 400), ({"quarter": "5"}, 400), ({"report": "x"}, 400)],
)
async def test_a_form_the_portal_did_not_offer_queues_nothing(
    options: PortalOptions, changes: dict[str, str], status: int
) -> None:
    async with visiting(options) as visitor:
        await visitor.log_in()
        assert (await visitor.submit(**changes)).status_code == status
    assert jobs(options) == 0


@pytest.mark.parametrize("path", ["/jobs/2", "/jobs/x", f"/jobs/{2**63}", "/jobs/1/result?page=9", "/nothing"])
async def test_what_is_not_there_is_not_found(options: PortalOptions, path: str) -> None:
    async with visiting(options) as visitor:
        await visitor.log_in()
        await visitor.finished((await visitor.submit()).headers["location"])
        answer = await visitor.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_jobs_wait_their_turn_and_a_restart_takes_them_up_again(tmp_path: Path) -> None:
    slow = PortalOptions(database=tmp_path / "portal.sqlite", password=PASSWORD, delay=3600)
    async with visiting(slow) as visitor:
        await visitor.log_in()
        for _ in range(3):
            await visitor.submit()
        with anyio.fail_after(10):
            while "Running" not in (await visitor.http.get("/jobs/1")).text:
                pass
        assert "Queued (position 2)" in (await visitor.http.get("/jobs/3")).text
        assert (await visitor.http.get("/jobs/3/result")).status_code == 409
    async with visiting(portal(tmp_path)) as visitor:
        await visitor.log_in()
        assert all(["Completed" in await visitor.finished(f"/jobs/{n}") for n in (1, 2, 3)])


async def test_a_failed_job_says_why_and_has_no_result(tmp_path: Path) -> None:
    failing = PortalOptions(database=tmp_path / "portal.sqlite", password=PASSWORD, delay=0, fail_jobs=True)
    async with visiting(failing) as visitor:
        await visitor.log_in()
        page = await visitor.finished((await visitor.submit()).headers["location"])
        assert "<b>Failed</b>" in page
        assert LABELS["failure_node"] in page
        assert "View result" not in page
        assert (await visitor.http.get("/jobs/1/result.csv")).status_code == 409


async def test_labels_columns_and_page_size_vary_and_the_csv_file_does_not(tmp_path: Path) -> None:
    varied = PortalOptions(
        database=tmp_path / "portal.sqlite",
        password=PASSWORD,
        delay=0,
        labels={"column_revenue": "Turnover <net>", "run_report": "Go", "caption_region": "By area"},
        columns=("revenue", "region"),
        rows_per_page=3,
        layout="plain",
    )
    async with visiting(varied) as visitor:
        await visitor.log_in()
        assert 'value="Go"' in (await visitor.http.get("/reports")).text
        html, rows, text = await visitor.result()
    assert rows[0] == ["Turnover <net>", "Region", "Orders", "Units", "Share"]
    assert "Turnover &lt;net&gt;" in html
    assert "<caption>By area</caption>" in html
    assert "Rows 1 to 3 of" in html
    assert [[row[1], number(row[0])] for row in rows[1:]] == [[row[0], row[3]] for row in truth(varied)]
    assert text.startswith("region,orders,units,revenue_usd,share_percent\r\n")


def test_an_unknown_label_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    options = PortalOptions(database=tmp_path / "x", password=PASSWORD, labels={"run_raport": "Go"})
    with pytest.raises(UnknownLabel, match=r"'run_raport'; use one of: .*\brun_report\b"):
        build(options)


async def test_a_served_portal_lets_the_blocks_own_error_through(options: PortalOptions) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with serving(options):
            raise LookupError("mine")


async def test_a_person_in_chromium_declines_then_runs_the_report_and_reads_it(
    options: PortalOptions,
) -> None:
    with anyio.fail_after(50):
        async with (
            serving(options) as url,
            async_playwright() as playwright,
            await playwright.chromium.launch(executable_path=INSTALLED, args=CHROMIUM) as browser,
        ):
            page = await browser.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            await page.goto(url)
            await page.get_by_label("User name").fill("analyst")
            await page.get_by_label("Password").fill(PASSWORD)
            await page.get_by_role("button", name="Log in").click()
            main = await frame(page, "main")
            await main.get_by_label("Year").select_option("2026")

            declined = await answer_dialog(page, main, accept=False)
            assert declined == LABELS["confirm_run"]
            assert jobs(options) == 0
            assert main.url == f"{url}reports"

            await answer_dialog(page, main, accept=True)
            await main.get_by_role("link", name="View result").click()
            assert jobs(options) == 1
            names: list[str] = []
            table = main.get_by_role("table", name="Regional breakdown", exact=True)
            following = main.get_by_role("link", name="Next")
            while True:
                await expect(main.get_by_text(f"Rows {len(names) + 1} to")).to_be_visible()
                names += await table.locator("tbody td:first-child").all_inner_texts()
                if not await following.count():
                    break
                await following.click()
            assert names == [row[0] for row in truth(options)]

            async with page.expect_download() as downloading:
                await main.get_by_role("link", name="Download CSV").click()
            assert (await downloading.value).suggested_filename == "revenue_by_region_2026_q1.csv"
            left = await frame(page, "navigation")
            await left.get_by_role("button", name="Log off").click()
            await expect(page.get_by_label("User name")).to_be_visible()
            assert all(address.startswith(url) for address in asked)


async def frame(page: Page, name: str) -> Frame:
    await page.frame_locator(f"frame[name={name}]").locator("body").wait_for()
    found = page.frame(name)
    assert found
    return found


async def answer_dialog(page: Page, main: Frame, *, accept: bool) -> str:
    messages: list[str] = []

    async def answer(dialog: Dialog) -> None:
        messages.append(dialog.message)
        await (dialog.accept() if accept else dialog.dismiss())

    page.once("dialog", answer)
    await main.get_by_role("button", name="Run report").click()
    (message,) = messages
    return message


async def test_the_command_line_says_where_it_listens_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.portal", "--database", str(tmp_path / "portal.sqlite")]
    environment = os.environ | {"PORTAL_PASSWORD": PASSWORD}
    with anyio.fail_after(30):
        async with await anyio.open_process(command, env=environment, stderr=subprocess.DEVNULL) as process:
            assert process.stdout
            line = (await process.stdout.receive()).decode()
            found = re.fullmatch(r"portal: (http://127\.0\.0\.1:\d+/)\n", line)
            assert found
            async with httpx2.AsyncClient(trust_env=False) as http:
                assert (await http.get(f"{found[1]}favicon.ico")).status_code == 204
                process.send_signal(signal.SIGTERM)
                assert await process.wait() == 0
            with pytest.raises(anyio.EndOfStream):
                await process.stdout.receive()


@pytest.mark.parametrize(
    ("password", "arguments", "told"),
    [
        ("", [], "PORTAL_PASSWORD"),
        (PASSWORD, ["--label", "nothing=x"], "run_report"),
        (PASSWORD, ["--columns", "region,profit"], "revenue"),
    ],
)
async def test_the_command_line_refuses_what_it_cannot_serve(
    tmp_path: Path, password: str, arguments: list[str], told: str
) -> None:
    command = [sys.executable, "-m", "examples.portal", "--database", str(tmp_path / "x"), *arguments]
    with anyio.fail_after(30):
        ended = await anyio.run_process(command, check=False, env=os.environ | {"PORTAL_PASSWORD": password})
    assert ended.returncode != 0
    assert told in ended.stderr.decode()
    assert ended.stdout == b""

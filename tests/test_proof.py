"""Contracts, checks and verdicts: only what failed before, passes now and was seen for itself proves anything."""

import string
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridges.files import OutsideRoot, Root
from tests.browser_site import served
from tests.house import configured, connected, text_of
from tools.budget import Budget, Spent
from tools.checks import Scene, run_check
from tools.evidence import CheckResult, Concern, Criterion, Evidence, EvidenceKind, Status, verdict
from tools.numbers import amount
from tools.verify import decide, parse_checks, register

pytestmark = pytest.mark.anyio

ROWS = [{"region": "North", "revenue": "1200.50"}, {"region": "South & East", "revenue": "-20.00"}]


def criterion(
    *,
    id: str = "c",
    before: Status | None = "unmet",
    after: Status = "met",
    kind: EvidenceKind = "readback",
    required: bool = True,
    invariant: bool = False,
    circular: bool = False,
) -> Criterion:
    evidence = Evidence(id=f"after-{id}", kind=kind, what="")
    return Criterion(
        id=id,
        about="",
        required=required,
        invariant=invariant,
        circular=circular,
        before=before,
        after=CheckResult(status=after, detail="detail", evidence=evidence),
    )


def test_a_check_that_failed_before_and_passes_now_proves() -> None:
    assert verdict((criterion(),), stakes="low").state == "PROVEN"


@pytest.mark.parametrize(
    ("criteria", "stakes", "state"),
    [
        ((), "low", "UNPROVEN"),
        ((criterion(after="unmet"),), "low", "REFUTED"),
        ((criterion(before="met"),), "low", "UNPROVEN"),
        ((criterion(before=None),), "low", "UNPROVEN"),
        ((criterion(after="cannot_tell"),), "low", "UNPROVEN"),
        ((criterion(circular=True),), "low", "UNPROVEN"),
        ((criterion(required=False),), "low", "UNPROVEN"),
        ((criterion(kind="opinion"),), "low", "UNPROVEN"),
        ((criterion(kind="assert"),), "high", "UNPROVEN"),
        ((criterion(kind="assert"),), "medium", "PROVEN"),
        ((criterion(before="met", invariant=True),), "low", "UNPROVEN"),
        ((criterion(before="met", invariant=True, id="a"), criterion(id="b")), "low", "PROVEN"),
        ((criterion(id="a"), criterion(id="b", before="met")), "low", "UNPROVEN"),
        ((criterion(id="a"), criterion(id="b", after="unmet", required=False)), "low", "PROVEN"),
    ],
)
def test_the_verdict_follows_from_the_criteria(criteria: tuple[Criterion, ...], stakes: str, state: str) -> None:
    assert verdict(criteria, stakes=stakes).state == state


def test_a_concern_with_evidence_takes_the_proof_away() -> None:
    worry = Concern(severity="major", claim="wrong year", evidence=("after-c",))
    assert verdict((criterion(),), stakes="low", concerns=(worry,)).state == "UNPROVEN"


def test_a_concern_without_known_evidence_is_dropped_and_counted() -> None:
    worry = Concern(severity="critical", claim="made up", evidence=("e99",))
    found = verdict((criterion(),), stakes="low", concerns=(worry,))
    assert (found.state, found.inadmissible) == ("PROVEN", 1)


def test_an_audit_that_cannot_be_read_is_no_pass() -> None:
    assert verdict((criterion(),), stakes="low", audit_failed="gibberish").state == "UNPROVEN"


def test_being_blocked_comes_before_everything() -> None:
    found = verdict((criterion(after="unmet"),), stakes="low", blocked="signed out")
    assert (found.state, found.reasons) == ("BLOCKED", ("signed out",))


STATUSES = st.sampled_from(["met", "unmet", "cannot_tell"])
CRITERIA = st.lists(
    st.builds(
        criterion,
        id=st.sampled_from("abcde"),
        before=st.one_of(st.none(), STATUSES),
        after=STATUSES,
        kind=st.sampled_from(["readback", "assert", "opinion"]),
        required=st.booleans(),
        invariant=st.booleans(),
        circular=st.booleans(),
    ),
    max_size=5,
).map(tuple)


@given(CRITERIA, st.sampled_from(["low", "high"]))
def test_proven_means_that_every_required_check_passes_and_one_changed(
    criteria: tuple[Criterion, ...], stakes: str
) -> None:
    if verdict(criteria, stakes=stakes).state == "PROVEN":
        required = [c for c in criteria if c.required]
        assert all(c.after.status == "met" for c in required)
        assert any(c.before in {"unmet", "cannot_tell"} for c in required)


@given(CRITERIA)
def test_higher_stakes_never_make_a_proof_easier(criteria: tuple[Criterion, ...]) -> None:
    if verdict(criteria, stakes="high").state == "PROVEN":
        assert verdict(criteria, stakes="low").state == "PROVEN"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234,567.89", "1234567.89"),
        ("(1,234.50)", "-1234.50"),
        ("(0.52)%", "-0.52"),
        ("12.5 %", "12.5"),
        ("US$ 7", "7"),
        ("-3", "-3"),
        ("−3.5", "-3.5"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1,234", "1234"),
        ("0", "0"),
        (".5", "0.5"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "n/a", "1,23,456", "12.34.56", "1-2", "Q1", "3 of 7", "--1", "1,2345.6"])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert amount(text) is None


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_survives_being_written_in_a_report(value: Decimal) -> None:
    shown = f"({abs(value):,.2f})" if value < 0 else f"{value:,.2f}"
    assert amount(shown) == value


@given(st.text(alphabet=string.printable, max_size=30))
def test_reading_an_amount_never_fails(text: str) -> None:
    assert amount(text) is None or isinstance(amount(text), Decimal)


class Page:
    """What a check may look at, with text of our choice."""

    def __init__(self, text: str, files: Path, output: Any) -> None:
        self.text, self.files, self.output = text, files, output

    async def look(self, query: str | None) -> tuple[str, str] | None:
        return "https://a.example/report", self.text

    @property
    def scene(self) -> Scene:
        return Scene(look=self.look, files=Root(self.files), output=self.output)


async def outcome(check: dict[str, Any], page: Page) -> tuple[Status, str]:
    (parsed,) = parse_checks([{"id": "c", **check}])
    result = await run_check(parsed, page.scene, "e")
    return result.status, result.detail


async def test_a_total_equals_what_the_page_says_beside_the_label(tmp_path: Path) -> None:
    page = Page("- row: Total revenue (USD) | 1,180.50\n- row: Total orders | 7", tmp_path, {"rows": ROWS})
    check = {"kind": "total_on_page", "column": "revenue", "label": "Total revenue (USD)"}
    assert await outcome(check, page) == (
        "met",
        "revenue adds up to 1180.50, the page says 'Total revenue (USD)' 1180.50",
    )
    page.text = page.text.replace("1,180.50", "1,180.51")
    assert (await outcome(check, page))[0] == "unmet"
    page.text = "nothing of the kind"
    assert (await outcome(check, page))[0] == "cannot_tell"


async def test_two_different_amounts_beside_one_label_decide_nothing(tmp_path: Path) -> None:
    page = Page("Total | 5\nTotal | 6", tmp_path, {"rows": [{"n": "5"}]})
    assert (await outcome({"kind": "total_on_page", "column": "n", "label": "Total"}, page))[0] == "cannot_tell"


async def test_rows_equal_a_downloaded_file_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text('name,usd\n"South & East",-20\nNorth,"1,200.5"\n', encoding="utf-8")
    page = Page("", tmp_path, {"rows": ROWS})
    columns = {"region": "name", "revenue": "usd"}
    check = {"kind": "rows_in_download", "file": "*.csv", "columns": columns}
    assert (await outcome(check, page))[0] == "met"
    page.output = {"rows": [*ROWS, ROWS[0]]}
    assert (await outcome(check, page))[0] == "unmet"
    page.output = {"rows": ROWS[:1]}
    assert (await outcome(check, page))[0] == "unmet"
    renamed = {"kind": "rows_in_download", "file": "*.csv", "columns": {"region": "territory"}}
    assert (await outcome(renamed, page))[0] == "unmet"
    missing = {"kind": "rows_in_download", "file": "other*.csv", "columns": columns}
    assert (await outcome(missing, page))[0] == "cannot_tell"


@pytest.mark.parametrize("output", [None, {}, {"rows": "no"}, {"rows": [1]}, "text", {"rows": [{"revenue": "n/a"}]}])
async def test_an_output_without_numbers_meets_no_total(tmp_path: Path, output: Any) -> None:
    page = Page("Total | 0", tmp_path, output)
    assert (await outcome({"kind": "total_on_page", "column": "revenue", "label": "Total"}, page))[0] == "unmet"


async def test_the_row_count_is_held_against_the_page(tmp_path: Path) -> None:
    page = Page("Number of regions | 2", tmp_path, {"rows": ROWS})
    assert (await outcome({"kind": "row_count", "label": "Number of regions"}, page))[0] == "met"
    page.output = {"rows": ROWS[:1]}
    assert (await outcome({"kind": "row_count", "label": "Number of regions"}, page))[0] == "unmet"


async def test_an_output_is_held_against_its_schema(tmp_path: Path) -> None:
    schema = {"type": "object", "required": ["rows"]}
    page = Page("", tmp_path, {"rows": []})
    assert (await outcome({"kind": "output_schema", "schema": schema}, page))[0] == "met"
    page.output = {}
    assert (await outcome({"kind": "output_schema", "schema": schema}, page))[0] == "unmet"
    assert (await outcome({"kind": "output_schema", "schema": {"type": 5}}, page))[0] == "cannot_tell"


def test_files_outside_the_folder_are_not_there(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.csv").write_text("a")
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    root = Root(inside)
    for path in ("../secret.csv", "link.csv", str(tmp_path / "secret.csv"), "absent.csv"):
        with pytest.raises(OutsideRoot):
            root.path(path)
    assert root.newest("*.csv") is None
    assert root.newest("../*.csv") is None


@pytest.mark.parametrize(
    ("spent", "bound"),
    [
        (Spent(turns=40), "turns"),
        (Spent(actions=120), "actions"),
        (Spent(seconds=900), "900 s"),
        (Spent(usd=Decimal(2)), "US$2"),
        (Spent(usd=None), "price"),
    ],
)
def test_each_bound_stops_a_run(spent: Spent, bound: str) -> None:
    assert bound in (spent.over(Budget()) or "")
    assert Spent().over(Budget()) is None


def test_an_unknown_price_makes_the_sum_unknown_and_stops_only_a_bounded_run() -> None:
    spent = Spent(usd=Decimal(1)).plus(turns=1, usd=None)
    assert spent.usd is None
    assert spent.over(Budget(usd=None)) is None


ROWS_SCHEMA = {"type": "object", "properties": {"rows": {"minItems": 1}}, "required": ["rows"]}


async def test_a_contract_is_decided_by_what_is_claimed_afterwards(tmp_path: Path) -> None:
    check = {"kind": "output_schema", "id": "shape", "schema": ROWS_SCHEMA}
    async with connected(configured(tmp_path)) as house:
        registered = await house.call("verify", task="make a table", checks=[check])
        data = registered.structured_content
        assert data is not None
        assert data["before"] == {"shape": "unmet"}
        proven = await house.call("verify", contract=data["contract"], output={"rows": [1]})
        assert text_of(proven).startswith("Verdict: PROVEN")
        refuted = await house.call("verify", contract=data["contract"], output={"rows": []})
        assert text_of(refuted).startswith("Verdict: REFUTED")
        blocked = await house.call("verify", contract=data["contract"], blocked="the site is down")
        assert text_of(blocked).startswith("Verdict: BLOCKED")


@pytest.mark.parametrize(
    "check",
    [
        {"kind": "output_schema", "id": "shape", "schema": {"type": "object"}},
        {"kind": "output_schema", "id": "shape", "schema": {}},
        {"kind": "row_count", "id": "shape", "at_least": 0},
    ],
)
async def test_a_check_that_an_empty_output_passes_is_named_and_proves_nothing(
    tmp_path: Path, check: dict[str, Any]
) -> None:
    async with connected(configured(tmp_path)) as house:
        registered = await house.call("verify", task="make a table", checks=[check])
        data = registered.structured_content
        assert data is not None
        assert data["vacuous"] == ["shape"]
        result = await house.call("verify", contract=data["contract"], output={"rows": []})
        assert text_of(result).startswith("Verdict: UNPROVEN")


async def test_a_download_from_before_the_contract_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("region,revenue\nNorth,1\n", encoding="utf-8")
    page = Page("", tmp_path, {"rows": [{"region": "North", "revenue": "1"}]})
    columns = {"region": "region", "revenue": "revenue"}
    (check,) = parse_checks([{"id": "c", "kind": "rows_in_download", "file": "*.csv", "columns": columns}])
    contract = await register("t", (check,), stakes="low", session=None, scene=page.scene)
    found, _ = await decide(contract, scene=page.scene)
    assert found.state == "UNPROVEN"
    (tmp_path / "new.csv").write_text("region,revenue\nNorth,1\n", encoding="utf-8")
    found, _ = await decide(contract, scene=page.scene)
    assert found.state == "UNPROVEN"  # it would have passed before: the output was there already
    empty = Page("", tmp_path / "empty", None)
    contract = await register("t", (check,), stakes="low", session=None, scene=empty.scene)
    found, _ = await decide(contract, scene=page.scene)
    assert found.state == "PROVEN"


async def test_what_somebody_typed_is_not_what_the_page_says(tmp_path: Path) -> None:
    page = Page('- textbox "Search" [ref=e3]: Transfer complete', tmp_path, None)
    check = {"kind": "page_text", "text": "Transfer complete"}
    assert (await outcome(check, page))[0] == "unmet"
    assert (await outcome(check | {"absent": True}, page))[0] == "cannot_tell"
    page.text = "- paragraph: Transfer complete"
    assert (await outcome(check, page))[0] == "met"


@pytest.mark.parametrize(
    ("claimed", "filed"),
    [("00123", "123"), ("$5", "€5"), ("12345678901234567890123456789012", "12345678901234567890123456789999")],
)
async def test_cells_that_only_look_alike_are_different(tmp_path: Path, claimed: str, filed: str) -> None:
    (tmp_path / "report.csv").write_text(f"a\n{filed}\n", encoding="utf-8")
    page = Page("", tmp_path, {"rows": [{"a": claimed}]})
    check = {"kind": "rows_in_download", "file": "*.csv", "columns": {"a": "a"}}
    assert (await outcome(check, page))[0] == "unmet"


async def test_a_negative_total_is_not_its_opposite(tmp_path: Path) -> None:
    page = Page("- row: Total profit | -500", tmp_path, {"rows": [{"p": "500"}]})
    check = {"kind": "total_on_page", "column": "p", "label": "Total profit"}
    assert (await outcome(check, page))[0] == "unmet"
    page.output = {"rows": [{"p": "-500"}]}
    assert (await outcome(check, page))[0] == "met"


async def test_a_check_of_a_page_without_a_session_looks_at_the_default_one(tmp_path: Path) -> None:
    check = {"kind": "page_text", "id": "counted", "text": "status: 1"}
    with served() as site:
        async with connected(configured(tmp_path, f'[browser]\norigins = ["{site.origin}"]\n')) as house:
            await house.call("browser_navigate", url=site.url("acts.html"))
            registered = await house.call("verify", task="count", checks=[check])
            data = registered.structured_content
            assert data is not None
            assert data["before"] == {"counted": "unmet"}
            await house.call("browser_click", target='role=button[name="Count"]')
            proven = await house.call("verify", contract=data["contract"])
            assert text_of(proven).startswith("Verdict: PROVEN")


async def test_a_verdict_on_high_stakes_wants_more_than_a_look_at_the_output(tmp_path: Path) -> None:
    check = {"kind": "output_schema", "id": "shape", "schema": {"type": "object"}}
    async with connected(configured(tmp_path)) as house:
        registered = await house.call("verify", task="make a table", checks=[check], stakes="high")
        data = registered.structured_content
        assert data is not None
        result = await house.call("verify", contract=data["contract"], output={})
        assert text_of(result).startswith("Verdict: UNPROVEN")


async def test_an_unknown_contract_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async with connected(configured(tmp_path)) as house:
        result = await house.call("verify", contract="ct_none", output={})
        assert result.is_error
        assert "register checks before acting" in text_of(result)

"""The shape of a task: how far it runs, what a wrong step costs, where the work lives, what it needs.

Each field says where its value came from. What the caller says wins. Without a model, the words of a task
are weak evidence: of fourteen hundred recorded web tasks, fewer than one in ten held a single word that
gives the browser away. So the word rules are few and name the words that triggered them; they may raise
stakes but never lower them; and where they are silent the field keeps the source `default`: an assumption
that can be seen, not a guess.

Pure: no model, no clock, no disk, no network.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Described

__all__ = [
    "HORIZONS",
    "LIVE",
    "MONEY",
    "STAKES",
    "SURFACES",
    "Attachment",
    "Field",
    "Horizon",
    "ShapeInput",
    "Source",
    "Stakes",
    "Surface",
    "TaskShape",
    "infer",
]

Horizon = Literal["single", "multi", "long", "multi_session"]
Stakes = Literal["trivial", "low", "medium", "high", "irreversible"]
Surface = Literal["document", "code", "data", "api", "browser", "desktop", "chat"]
Source = Literal["caller", "registry", "attachment", "rule", "default"]

HORIZONS: tuple[Horizon, ...] = get_args(Horizon)
STAKES: tuple[Stakes, ...] = get_args(Stakes)
SURFACES: tuple[Surface, ...] = get_args(Surface)
LIVE: frozenset[Surface] = frozenset({"browser", "desktop"})

MONEY: Mapping[Stakes, float] = MappingProxyType(
    {"trivial": 0.5, "low": 2.0, "medium": 10.0, "high": 100.0, "irreversible": 1000.0}
)
"""What an undetected failure costs at each level, in US dollars. An installation may bring its own."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Generic[T]):
    """A value, where it came from, and why. The source `default` means that it is assumed, not known."""

    value: T
    source: Source
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether anybody or anything said so."""
        return self.source != "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskShape:
    """What routing looks at. `surfaces` is empty when nothing says where the work lives."""

    horizon: Field[Horizon]
    stakes: Field[Stakes]
    failure_cost_usd: Field[float]
    surfaces: Field[tuple[Surface, ...]]
    tool_count: Field[int]
    context_tokens: Field[int]
    requires_computer_use: Field[bool]
    requires_verification: Field[bool]

    @property
    def live(self) -> bool:
        """Whether the task acts on a live user interface."""
        return self.requires_computer_use.value or not LIVE.isdisjoint(self.surfaces.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Material that comes with a task. `tokens` is None when nobody counted."""

    name: str
    tokens: int | None = None


class ShapeInput(BaseModel):
    """What the caller knows about the task. Leave out what you do not know: it will be shown as assumed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    horizon: Horizon | None = Described(
        default=None,
        description="single turn; multi: several steps; long: early errors compound; multi_session: over days.",
    )
    stakes: Stakes | None = Described(
        default=None,
        description="Cost of a wrong step; high: corrupts what follows, or is noticed only later.",
    )
    failure_cost_usd: float | None = Described(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="The same in US dollars.",
    )
    surfaces: list[Surface] | None = Described(
        default=None,
        min_length=1,
        description="Where the work lives; browser, desktop: a live interface.",
    )
    tool_count: int | None = Described(
        default=None,
        ge=0,
        description="Tools that the agent needs; else this server's are counted.",
    )
    context_tokens: int | None = Described(default=None, ge=0, description="Tokens to be held in mind at once.")
    requires_computer_use: bool | None = Described(default=None, description="Must somebody click and type?")
    requires_verification: bool | None = Described(
        default=None, description="Must the result be checked apart from the work?"
    )


def infer(
    task: str,
    given: ShapeInput,
    tool_count: int | None,
    *,
    attachments: Sequence[Attachment] = (),
    money: Mapping[Stakes, float] = MONEY,
) -> TaskShape:
    """Return the shape of a task: the caller's word, else attachments and word rules, else visible defaults.

    `tool_count` is what the registry counts. `money` maps levels of stakes to US dollars, rising.
    """
    stakes = _stakes(task, given, money)
    surfaces = _surfaces(task, given, attachments)
    return TaskShape(
        horizon=_horizon(task, given),
        stakes=stakes,
        failure_cost_usd=_failure_cost(given, stakes, money),
        surfaces=surfaces,
        tool_count=_tool_count(given, tool_count),
        context_tokens=_context_tokens(task, given, attachments),
        requires_computer_use=_computer_use(given, surfaces),
        requires_verification=_verification(task, given),
    )


# The word rules ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words(Generic[T]):
    """A rule: when the pattern occurs in the task, the field has this value."""

    name: str
    value: T
    pattern: re.Pattern[str]

    def hits(self, task: str) -> tuple[str, ...]:
        """Return the words that trigger the rule, as the task spells them, each once."""
        return tuple(dict.fromkeys(hit.group().strip() for hit in self.pattern.finditer(task)))


def _any(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


# Heaviest first: the first that occurs decides, and only ever raises what is assumed otherwise.
_STAKES_WORDS: tuple[_Words[Stakes], ...] = (
    _Words("no-way-back", "irreversible", _any(r"permanent(ly)?", r"irreversibl[ey]", r"can ?(not|'t) be undone")),
    _Words(
        "destructive",
        "high",
        _any(
            r"(delet|eras|wip|purg|truncat|revok)(e|es|ing)",
            r"(overwrit|terminat|decommission|destroy)(e|es|s|ing)?",
            r"drop (the )?(\w+ )?(tables?|databases?)",
        ),
    ),
    _Words("money-moves", "high", _any(r"pay", r"payout", r"purchase", r"buy", r"refund", r"wire", r"transfer")),
    _Words("production", "high", _any(r"prod(uction)?", r"live (systems?|data(base)?|site)", r"customer data")),
    _Words("release", "high", _any(r"deploy(ing|ment)?", r"roll ?out", r"publish(ing)?", r"migrat(e|ing|ion)")),
    _Words(
        "changes",
        "medium",
        _any(r"submit", r"send", r"post", r"approve", r"cancel", r"book", r"update", r"edit"),
    ),
)

_HORIZON_WORDS: tuple[_Words[Horizon], ...] = (
    _Words(
        "recurs",
        "multi_session",
        _any(
            r"every (day|weekday|night|morning|evening|week|hour)",
            r"over the (next|coming|week)",
            r"across (several |multiple )?sessions",
            r"multi-day",
        ),
    ),
    _Words(
        "compounds",
        "long",
        _any(
            r"refactor\w*",
            r"migrat(e|ing|ion)",
            r"(whole|entire|complete) (codebase|repository|project)",
            r"\d{2,}[- ]pages?",
            r"dependency upgrades?",
        ),
    ),
)

_SURFACE_WORDS: tuple[_Words[Surface], ...] = (
    _Words(
        "browser-words",
        "browser",
        _any(
            r"https?://\S+",
            r"portal",
            r"click(s|ing)?",
            r"(log|sign) ?(in|on)(to)?",
            r"browser",
            r"web ?(site|page|form|app|application|interface)s?",
        ),
    ),
    _Words("desktop-words", "desktop", _any(r"desktop", r"LibreOffice", r"native app(lication)?")),
    _Words(
        "document-words",
        "document",
        _any(
            r"pdfs?",
            r"docx?",
            r"pptx?",
            r"contracts?",
            r"clauses?",
            r"slide decks?",
            r"tracked[- ]changes",
            r"memos?",
        ),
    ),
    _Words(
        "code-words",
        "code",
        _any(
            r"repo|repositor(y|ies)",
            r"codebase|source code",
            r"refactor\w*",
            r"tests|test suite",
            r"pull request|diff",
            r"compil(e|er|es)",
        ),
    ),
    _Words(
        "data-words",
        "data",
        _any(r"csv", r"xlsx?", r"spreadsheets?", r"datasets?", r"sql", r"databases?", r"parquet"),
    ),
    _Words("api-words", "api", _any(r"APIs?", r"endpoints?", r"webhooks?", r"GraphQL", r"connectors?")),
    _Words("question", "chat", re.compile(r"\A\s*(?:what|why|who|when|how|explain|tell me)\b", re.IGNORECASE)),
)

_VERIFY_WORDS = _Words(
    "asks-for-proof",
    True,
    _any(
        r"(verif|validat|reconcil|double-check|cross-check)\w*",
        r"make sure",
        r"must be (correct|exact|right)",
    ),
)

_NUMBERED = re.compile(r"^[ \t]*(?:\d{1,2}[.)]|step \d+)\s", re.IGNORECASE | re.MULTILINE)
_CLAUSE = re.compile(r"[,;.\n]\s*(?:and |then |finally |next )*|\s(?:and then|then|and)\s", re.IGNORECASE)
_DEED = re.compile(
    r"add|analy[sz]e|book|build|check|choose|click|close|collect|compare|compile|compute|copy|create|delete|deploy"
    r"|download|draft|edit|enter|export|extract|fetch|fill|find|fix|gather|generate|go|implement|list|log|merge"
    r"|move|open|pay|pick|post|print|publish|read|reconcile|record|refactor|rename|reply|review|run|save|search"
    r"|select|send|sign|sort|submit|summari[sz]e|sync|test|transfer|translate|update|upload|validate|verify|visit"
    r"|write",
    re.IGNORECASE,
)
_MANY_STEPS = 10  # from here on a list of steps is a chain in which errors compound

_DOCUMENT_SUFFIXES = ("doc", "docx", "md", "odt", "pdf", "ppt", "pptx", "txt")
_DATA_SUFFIXES = ("csv", "json", "parquet", "sqlite", "tsv", "xls", "xlsx")
_CODE_SUFFIXES = ("c", "diff", "go", "java", "js", "patch", "py", "rs", "ts")
_SUFFIXES: dict[str, Surface] = {
    **dict.fromkeys(_DOCUMENT_SUFFIXES, "document"),
    **dict.fromkeys(_DATA_SUFFIXES, "data"),
    **dict.fromkeys(_CODE_SUFFIXES, "code"),
}
_CHARACTERS_PER_TOKEN = 4


# Field by field ---------------------------------------------------------------------------------------------


def _said(value: T, note: str = "") -> Field[T]:
    return Field(value=value, source="caller", note=note)


def _ruled(rule: str, value: T, hits: Sequence[str]) -> Field[T]:
    return Field(value=value, source="rule", note=f"{rule}: {_quoted(hits)}")


def _assumed(value: T, note: str) -> Field[T]:
    return Field(value=value, source="default", note=note)


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(repr(word) for word in words)


def _first(rules: Sequence[_Words[T]], task: str) -> Field[T] | None:
    for rule in rules:
        if hits := rule.hits(task):
            return _ruled(rule.name, rule.value, hits)
    return None


def _horizon(task: str, given: ShapeInput) -> Field[Horizon]:
    if given.horizon is not None:
        return _said(given.horizon)
    if found := _first(_HORIZON_WORDS, task):
        return found
    if len(steps := _NUMBERED.findall(task)) >= 2:
        return _ruled("numbered-steps", "long" if len(steps) >= _MANY_STEPS else "multi", (f"{len(steps)} steps",))
    if len(deeds := _deeds(task)) >= 2:
        return _ruled("several-deeds", "multi", deeds)
    return _assumed("multi", "not given, and no word of the task says how far it runs")


def _deeds(task: str) -> tuple[str, ...]:
    """Return the verbs that open the clauses: "log in, run the report and save it" holds three."""
    openings = (clause.split(maxsplit=1)[0] for clause in _CLAUSE.split(task) if clause.strip())
    return tuple(word for word in openings if _DEED.fullmatch(word))


def _stakes(task: str, given: ShapeInput, money: Mapping[Stakes, float]) -> Field[Stakes]:
    words = _first(_STAKES_WORDS, task)
    said = _stakes_said(given, money)
    if said is None:
        return words or _assumed("medium", "not given, and no word of the task says what a wrong step costs")
    if words and STAKES.index(words.value) > STAKES.index(said.value):
        warning = f"the words of the task would say {words.value} ({words.note})"
        return _said(said.value, f"{said.note}; {warning}" if said.note else warning)
    return said


def _stakes_said(given: ShapeInput, money: Mapping[Stakes, float]) -> Field[Stakes] | None:
    """Return the caller's level; of a level and a cost that disagree, the heavier counts."""
    cost = given.failure_cost_usd
    if cost is None:
        return None if given.stakes is None else _said(given.stakes)
    reached: list[Stakes] = [level for level in STAKES if money[level] <= cost]
    priced: Stakes = reached[-1] if reached else "trivial"
    if given.stakes is not None and STAKES.index(given.stakes) >= STAKES.index(priced):
        return _said(given.stakes)
    return _said(priced, f"failure_cost_usd {cost:g} reaches the level {priced}")


def _failure_cost(given: ShapeInput, stakes: Field[Stakes], money: Mapping[Stakes, float]) -> Field[float]:
    if given.failure_cost_usd is not None:
        return _said(given.failure_cost_usd)
    return Field(value=money[stakes.value], source=stakes.source, note=f"stakes {stakes.value}")


def _surfaces(task: str, given: ShapeInput, attachments: Sequence[Attachment]) -> Field[tuple[Surface, ...]]:
    if given.surfaces is not None:
        return _said(_sorted(given.surfaces))
    notes: dict[Surface, list[str]] = {}
    for attachment in attachments:
        suffix = attachment.name.lower().rpartition(".")[2]
        if surface := _SUFFIXES.get(suffix):
            notes.setdefault(surface, []).append(f"attachment {attachment.name!r}")
    source: Source = "attachment" if notes else "rule"
    for rule in _SURFACE_WORDS:
        if hits := rule.hits(task):
            notes.setdefault(rule.value, []).append(f"{rule.name}: {_quoted(hits)}")
    if not notes:
        return _assumed((), "not given, and nothing in the task says where the work lives")
    note = "; ".join(reason for reasons in notes.values() for reason in reasons)
    return Field(value=_sorted(notes), source=source, note=note)


def _sorted(surfaces: Sequence[Surface] | Mapping[Surface, object]) -> tuple[Surface, ...]:
    return tuple(surface for surface in SURFACES if surface in surfaces)


def _tool_count(given: ShapeInput, counted: int | None) -> Field[int]:
    if given.tool_count is not None:
        return _said(given.tool_count)
    if counted is not None:
        return Field(value=counted, source="registry", note="the tools that are registered")
    return _assumed(0, "not given, and no registry was counted")


def _context_tokens(task: str, given: ShapeInput, attachments: Sequence[Attachment]) -> Field[int]:
    if given.context_tokens is not None:
        return _said(given.context_tokens)
    own = -(-len(task) // _CHARACTERS_PER_TOKEN)
    counts = [attachment.tokens for attachment in attachments if attachment.tokens is not None]
    if attachments and len(counts) == len(attachments):
        return Field(value=own + sum(counts), source="attachment", note="the task and all that is attached")
    if counts:
        return _assumed(own + sum(counts), "some attachments were not counted, so this is the least it can be")
    return _assumed(own, "not given; only the task's own text was counted")


def _computer_use(given: ShapeInput, surfaces: Field[tuple[Surface, ...]]) -> Field[bool]:
    if given.requires_computer_use is not None:
        return _said(given.requires_computer_use)
    if live := [surface for surface in surfaces.value if surface in LIVE]:
        return Field(value=True, source=surfaces.source, note=f"the work lives in: {', '.join(live)}")
    if surfaces.known:
        return Field(value=False, source=surfaces.source, note=f"the work lives in: {', '.join(surfaces.value)}")
    return _assumed(False, "not given, and nothing in the task names a live interface")


def _verification(task: str, given: ShapeInput) -> Field[bool]:
    if given.requires_verification is not None:
        return _said(given.requires_verification)
    if hits := _VERIFY_WORDS.hits(task):
        return _ruled(_VERIFY_WORDS.name, True, hits)
    return _assumed(False, "not given, and the task does not ask for it")

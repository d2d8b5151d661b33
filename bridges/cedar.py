"""The policy engine: Cedar, through `cedarpy` (imported when the first engine is built: 40 ms, native code)."""
# cedarpy annotates with bare dict and List.
# pyright: reportUnknownMemberType=false

import json
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    import cedarpy

__all__ = ["BadPolicy", "CedarEngine"]

_NAMESPACE = "Pointsman"
_ANSWERS_KEPT = 1024
_Answer = tuple[bool, tuple[str, ...], tuple[str, ...]]


class BadPolicy(Exception):
    """The policy text does not parse, or uses words that the schema does not know. The message quotes them."""


class _Asked(Protocol):
    """What a question must say; `tools.policy.PolicyRequest` does."""

    @property
    def principal(self) -> str: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def tool(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def effect(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def page(self) -> dict[str, Any] | None: ...
    @property
    def task(self) -> dict[str, str]: ...
    @property
    def approved(self) -> bool: ...


class CedarEngine:
    """Cedar policies under a schema, ready to be asked.

    Source: Cedar policy language reference, "Policy validation against schema".
    """

    def __init__(self, policies: str, schema: str) -> None:
        """Parse and validate the policies.

        Raises:
            BadPolicy: They do not parse or do not fit the schema.
        """
        import cedarpy

        self._cedar = cedarpy
        try:
            self._schema = cedarpy.Schema.from_str(schema)
            self._policies = cedarpy.PolicySet.from_str(policies)
            validation = cedarpy.validate_policies(policies, schema)
        except ValueError as error:
            raise BadPolicy(f"the policy does not parse: {error}") from error
        if not validation.validation_passed:
            raise BadPolicy("; ".join(str(error) for error in validation.errors))
        self._entities: dict[tuple[str, tuple[str, ...], str, str], cedarpy.Entities] = {}
        self._answers: dict[str, _Answer] = {}

    def ask(self, asked: _Asked) -> _Answer:
        """Evaluate one request. The same request has the same answer, so it is evaluated once.

        Returns:
            Whether it is allowed; the `@id` of each rule that decided; what could not be evaluated.
        """
        key = repr(asked)
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= _ANSWERS_KEPT:
                self._answers.clear()
            answer = self._answers[key] = self._evaluated(asked)
        return answer

    def _evaluated(self, asked: _Asked) -> _Answer:
        context: dict[str, Any] = {
            "effect": asked.effect,
            "kind": asked.kind,
            "approved": asked.approved,
            "task": asked.task,
        }
        if asked.page is not None:
            context["page"] = asked.page
        result = self._cedar.is_authorized(
            {
                "principal": f"{_NAMESPACE}::Caller::{json.dumps(asked.principal)}",
                "action": f'{_NAMESPACE}::Action::"call"',
                "resource": f"{_NAMESPACE}::Tool::{json.dumps(asked.tool)}",
                "context": context,
            },
            self._policies,
            self._entities_for(asked),
            self._schema,
        )
        diagnostics = result.diagnostics
        named = cast("dict[str, str]", diagnostics.id_annotations_by_reason or {})
        rules = tuple(named.get(reason) or reason for reason in diagnostics.reasons)
        return result.allowed, rules, tuple(str(error) for error in diagnostics.errors)

    def _entities_for(self, asked: _Asked) -> "cedarpy.Entities":
        key = (asked.principal, asked.roles, asked.tool, asked.family)
        entities = self._entities.get(key)
        if entities is None:
            roles = [{"type": f"{_NAMESPACE}::Role", "id": role} for role in asked.roles]
            described: list[dict[str, Any]] = [{"uid": role, "attrs": {}, "parents": []} for role in roles]
            described.append(
                {
                    "uid": {"type": f"{_NAMESPACE}::Caller", "id": asked.principal},
                    "attrs": {},
                    "parents": roles,
                }
            )
            described.append(
                {
                    "uid": {"type": f"{_NAMESPACE}::Tool", "id": asked.tool},
                    "attrs": {"family": asked.family},
                    "parents": [],
                }
            )
            entities = self._cedar.Entities.from_json_str(json.dumps(described), schema=self._schema)
            self._entities[key] = entities
        return entities

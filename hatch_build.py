"""Puts the packages under `pointsman/` in a wheel, so that no generic name lands in site-packages."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PrivatePackages(BuildHookInterface[Any]):
    """Leaves an editable install alone: there the packages are the folders of the checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            for package in ("server", "tools", "bridges", "examples"):
                build_data["force_include"][package] = f"pointsman/{package}"

"""The command line: `PORTAL_PASSWORD=... python -m examples.portal --database portal.sqlite`."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, cast, get_args

import anyio
import click

from examples.portal.app import Layout
from examples.portal.data import DatabaseMismatch
from examples.portal.labels import UnknownLabel, relabel
from examples.portal.reports import COLUMNS, Column
from examples.portal.serve import PortalOptions, serving


def _labels(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    changes: dict[str, str] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals:
            raise click.BadParameter(f"{value!r} is not KEY=TEXT")
        changes[key] = text
    try:
        relabel(changes)
    except UnknownLabel as error:
        raise click.BadParameter(str(error)) from error
    return changes


def _columns(_: click.Context, __: click.Parameter, value: str) -> tuple[Column, ...]:
    asked = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := [name for name in asked if name not in COLUMNS]:
        raise click.BadParameter(f"unknown column {unknown[0]!r}; use some of: {', '.join(COLUMNS)}")
    return tuple(cast("list[Column]", asked))


@click.command(context_settings={"show_default": True})
@click.option("--database", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--seed", type=int, default=1, help="Decides the data of a new database.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--user", default="analyst", help="Its password is the environment's PORTAL_PASSWORD.")
@click.option("--label", "labels", multiple=True, callback=_labels, metavar="KEY=TEXT", help="Change a text.")
@click.option("--columns", default="", callback=_columns, help="Order of table columns, by comma.")
@click.option("--rows-per-page", type=click.IntRange(1), default=5)
@click.option("--delay", type=click.FloatRange(0), default=0.7, help="Seconds a job takes.")
@click.option("--fail-jobs", is_flag=True, help="Every job ends in Failed.")
@click.option("--layout", type=click.Choice(get_args(Layout)), default="frames")
@click.option("--session-lasts", type=click.FloatRange(0), default=900, help="Seconds without a request.")
@click.option("--lock-lasts", type=click.FloatRange(0), default=300, help="Seconds after five failures.")
def main(**settings: Any) -> None:
    """Serve the legacy reporting portal on loopback until SIGTERM or SIGINT."""
    password = os.environ.get("PORTAL_PASSWORD", "")
    if not password:
        raise click.ClickException("set the environment variable PORTAL_PASSWORD to the password to accept")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    options = PortalOptions(password=password, **settings)  # click has parsed them; the names are the same
    try:
        anyio.run(_run, options)
    except (DatabaseMismatch, OSError) as error:
        raise click.ClickException(str(error)) from error


async def _run(options: PortalOptions) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with serving(options) as url:
            click.echo(f"portal: {url}")
            await anext(signals)


if __name__ == "__main__":
    main()

"""`drills sandbox …`: operate the sandbox, as runbooks and people do. The same commands on every driver."""

from __future__ import annotations

import typer

from drills.cli.sandbox import (
    asking,
    database,
    dumps,
    executing,
    incident_report,
    of_systems,
    operating,
    power,
    resources,
)

sandbox_app = typer.Typer(
    cls=of_systems.WithSystems,
    help="Operate the sandbox: the same commands that runbooks use.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    for module in (power, asking, operating, executing, resources, database, dumps, incident_report, of_systems):
        module.register(sandbox_app)
    app.add_typer(sandbox_app, name="sandbox")

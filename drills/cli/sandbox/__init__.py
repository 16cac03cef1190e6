"""`drills sandbox …`: operate the sandbox, as runbooks and people do. The same commands on every driver."""

from __future__ import annotations

from typing import Any

import typer

from drills.cli.lazy import LazyCommands, LazyGroup

#: The module of each command, in the order in which help lists them.
COMMANDS = {
    "up": "drills.cli.sandbox.power",
    "down": "drills.cli.sandbox.power",
    "status": "drills.cli.sandbox.power",
    "restart": "drills.cli.sandbox.power",
    "sql": "drills.cli.sandbox.asking",
    "redis": "drills.cli.sandbox.asking",
    "logs": "drills.cli.sandbox.asking",
    "health": "drills.cli.sandbox.asking",
    "releases": "drills.cli.sandbox.operating",
    "changes": "drills.cli.sandbox.operating",
    "deploy": "drills.cli.sandbox.operating",
    "rollback": "drills.cli.sandbox.operating",
    "scale": "drills.cli.sandbox.operating",
    "settings": "drills.cli.sandbox.operating",
    "set": "drills.cli.sandbox.operating",
    "link": "drills.cli.sandbox.operating",
    "exec": "drills.cli.sandbox.executing",
    "stats": "drills.cli.sandbox.resources",
    "resize": "drills.cli.sandbox.resources",
    "certificate": "drills.cli.sandbox.resources",
    "renew-certificate": "drills.cli.sandbox.resources",
    "migrate": "drills.cli.sandbox.database",
    "backups": "drills.cli.sandbox.database",
    "back-up": "drills.cli.sandbox.database",
    "load-backup": "drills.cli.sandbox.database",
    "disk": "drills.cli.sandbox.database",
    "dump": "drills.cli.sandbox.dumps",
    "load-dump": "drills.cli.sandbox.dumps",
    "report": "drills.cli.sandbox.incident_report",
}


class SandboxGroup(LazyGroup):
    """Finds the commands that installed plug-in systems add: when help lists all, or for a command not known here."""

    known = LazyCommands(COMMANDS, further="drills.cli.sandbox.of_systems")

    def list_commands(self, ctx: Any) -> list[str]:
        from drills.cli.sandbox.of_systems import of_other_systems

        return [*super().list_commands(ctx), *of_other_systems()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = super().get_command(ctx, cmd_name)
        if found is None:
            from drills.cli.sandbox.of_systems import of_another_system

            found = of_another_system(cmd_name)
        return found


sandbox_app = typer.Typer(
    cls=SandboxGroup,
    help="Operate the sandbox: the same commands that runbooks use.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def register(app: typer.Typer) -> None:
    app.add_typer(sandbox_app, name="sandbox")

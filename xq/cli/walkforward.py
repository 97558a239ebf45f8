"""``xq walkforward``."""

import typer

app = typer.Typer()

"""``xq order``."""

import typer

from xq.cli import order_change, order_place, orders
from xq.cli.shell import command

app = typer.Typer(help="Send, change, cancel and show orders by hand.", no_args_is_help=True)

command(app, "place")(order_place.place)
command(app, "cancel")(order_change.cancel)
command(app, "replace")(order_change.replace)
command(app, "list")(orders.orders)
command(app, "show")(order_change.show)

"""``xq sql`` on a terminal: statements until ``.quit``, with history; an error ends none of it."""

from collections.abc import Callable, Mapping

from xq.cli.output import Format, print_error
from xq.cli.shell import Shell
from xq.cli.sql_line import Line
from xq.errors import UsageError, XqError, unknown

_ROWS = 100
_HELP = {
    ".tables": "every table and what its rows are",
    ".schema NAME": "columns of a table and their types",
    ".help": "this list",
    ".quit": "leave; Ctrl-D does as well",
    "select …;": "a statement, over as many lines as it needs, ended by ;",
}


class Session:
    """One sitting.

    Parameters
    ----------
    parameters
        Values of ``$name``, for the statements that have one of that name.
    """

    def __init__(self, shell: Shell, parameters: Mapping[str, str]) -> None:
        self._shell = shell
        self._parameters = parameters
        self._commands: dict[str, Callable[[str], None]] = {
            ".tables": self._tables,
            ".schema": self._schema,
            ".help": self._help,
        }

    def run(self) -> None:
        """Read and answer until the person leaves."""
        from xq.api.sql import tables

        ws = self._shell.workspace
        self._shell.format = self._shell.format or Format.TABLE
        self._shell.note("Ask in SQL; end with ;  .help tells more, .quit leaves.")
        words = [*(table.name for table in tables()), *self._commands]
        with Line(ws.state / "sql_history", words) as line:
            for entry in line.entries():
                try:
                    self._answer(entry)
                except KeyboardInterrupt:
                    self._shell.note("stopped")
                except XqError as error:
                    print_error(error, as_json=False)

    def _answer(self, entry: str) -> None:
        if not entry.startswith("."):
            self._ask(entry)
            return
        name, _, rest = entry.partition(" ")
        if name not in self._commands:
            raise unknown("command", name, [*self._commands, ".quit"], hint=".help")
        self._commands[name](rest.strip().removesuffix(";"))

    def _ask(self, sql: str) -> None:
        from xq.api.data import ask
        from xq.api.sql import about_nothing, first_rows, parameter_names

        named = parameter_names(sql)
        values = {name: text for name, text in self._parameters.items() if name in named}
        with ask(self._shell.workspace, sql, values) as answer:
            rows, more = first_rows(answer, _ROWS)
        self._shell.rows(rows)
        if more:
            self._shell.note(f'the first {_ROWS} rows; for all: xq sql "…" --to FILE.parquet')
        else:
            self._shell.note(f"{rows.num_rows} {'row' if rows.num_rows == 1 else 'rows'}")
        if not rows.num_rows and (note := about_nothing(self._shell.workspace, sql, values)):
            self._shell.note(note)

    def _tables(self, _: str) -> None:
        from xq.api.sql import tables

        self._shell.rows(tables())

    def _schema(self, name: str) -> None:
        from xq.api.data import ask
        from xq.api.sql import tables

        names = [table.name for table in tables()]
        if not name:
            raise UsageError("expected the name of a table", hint=".tables")
        if name not in names:
            raise unknown("table", name, names, hint=".tables")
        columns = f"select column_name, column_type from (describe {name})"  # noqa: S608 (known)
        with ask(self._shell.workspace, columns) as answer:
            self._shell.rows(answer)

    def _help(self, _: str) -> None:
        self._shell.rows([{"type": key, "for": about} for key, about in _HELP.items()])

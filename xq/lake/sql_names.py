"""Names for the columns of an answer, each given once; pure."""

from collections.abc import Iterator, Sequence

import pyarrow as pa


def distinct(names: Sequence[str]) -> list[str]:
    """The names, later ones of the same name numbered as DuckDB numbers them in a subquery.

    Rows become objects on their way out, and an object holds one value of a name.

    Examples
    --------
    >>> distinct(["close", "close", "ts", "close_1", "close"])
    ['close', 'close_2', 'ts', 'close_1', 'close_3']
    """
    given = set(names)
    used: set[str] = set()
    found = []
    for name in names:
        wanted, number = name, 0
        while wanted in used or (number and wanted in given):
            number += 1
            wanted = f"{name}_{number}"
        used.add(wanted)
        found.append(wanted)
    return found


def renamed(schema: pa.Schema) -> pa.Schema:
    """A schema whose columns have distinct names."""
    names = distinct(schema.names)
    fields = [schema.field(at).with_name(name) for at, name in enumerate(names)]
    return pa.schema(fields, schema.metadata)


def under(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches under the names of a schema."""
    for batch in batches:
        yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

"""Columns of the journal that keep our values exactly, on every database."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from xq.errors import CorruptFile, XqError
from xq.types import Symbol

T = TypeVar("T")

# Sorted by bytes everywhere, as SQLite and Python do; a server's own collation may differ.
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


class Exact(TypeDecorator[Decimal]):
    """A Decimal kept as text, to the last digit."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To the journal."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """From the journal."""
        return None if value is None else _read(Decimal, value)


class Market(TypeDecorator[Symbol]):
    """A symbol in its unified spelling."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Sorted by bytes."""
        return dialect.type_descriptor(WORDS)

    def process_bind_param(self, value: Symbol | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To the journal."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Symbol | None:  # noqa: ARG002
        """From the journal."""
        return None if value is None else _read(Symbol.parse, value)


class Word(TypeDecorator[StrEnum]):
    """One word of a vocabulary; a word that is not in it is refused when read."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, vocabulary: type[StrEnum]) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To the journal."""
        return None if value is None else value.value

    def process_result_value(self, value: Any, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """From the journal."""
        return None if value is None else _read(self.vocabulary, value)


def _read(made: Callable[[Any], T], value: Any) -> T:
    try:
        return made(value)
    except (ValueError, TypeError, InvalidOperation, XqError):
        raise CorruptFile(
            f"the journal holds {value!r}, which xq never wrote there", hint="xq audit verify"
        ) from None

"""What docs/venue/clients.md says, so that tests can hold it to what was done."""

import re
from pathlib import Path

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "venue" / "clients.md"


def code() -> list[str]:
    """Every block of Python."""
    return re.findall(r"^```python\n(.*?)^```$", _PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def calls(section: str) -> list[set[str]]:
    """The lists of calls below a heading, in order."""
    _, _, rest = _PAGE.read_text("utf-8").partition(f"\n## {section}\n")
    body = rest.partition("\n## ")[0]
    return [set(block.split()) for block in re.findall(r"```text\n(.*?)```", body, re.DOTALL)]

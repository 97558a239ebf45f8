"""TA-Lib's compiled functions, loaded without the package around them.

``import talib`` costs some 350 ms, nearly all of it pandas and polars, which its wrappers for
Series need and xq does not. The compiled module asks for both as well but does without; so it is
loaded on its own with the two names blocked for those few milliseconds. Where pandas is there
already, or the module is not laid out as expected, ``import talib`` serves.
"""

import sys
from atexit import register
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from typing import Any

_OPTIONAL = ("pandas", "polars")


@cache
def ta_lib() -> Any:
    """The compiled TA-Lib functions: one-dimensional float64 in, the same length out."""
    if "talib" in sys.modules or any(name in sys.modules for name in _OPTIONAL):
        return _package()
    spec = _extension()
    return _package() if spec is None else _bare(spec)


def _extension() -> ModuleSpec | None:
    package = PathFinder.find_spec("talib")
    places = package.submodule_search_locations if package else None
    return PathFinder.find_spec("talib._ta_lib", list(places)) if places else None


def _bare(spec: ModuleSpec) -> Any:
    if spec.loader is None:
        return _package()
    with _blocked(_OPTIONAL):
        library: Any = module_from_spec(spec)
        spec.loader.exec_module(library)
    library._ta_initialize()
    register(library._ta_shutdown, True)  # as the package does
    return library


def _package() -> Any:
    import talib

    return talib._ta_lib


@contextmanager
def _blocked(names: tuple[str, ...]) -> Iterator[None]:
    blocked: dict[str, Any] = dict.fromkeys(names)  # None in sys.modules is "not installed"
    sys.modules.update(blocked)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]

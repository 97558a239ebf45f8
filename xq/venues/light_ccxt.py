"""One exchange of ccxt without the hundred others that ``import ccxt`` loads.

The package is put in place unexecuted. Its submodules import as ever; the first look at anything
of the package itself, by whomever, executes it, and from then on it is the module it always was.
A contract test holds it against a plain import.
"""

import importlib
import importlib.util
import sys
import threading
from types import ModuleType
from typing import Any

_NAME = "ccxt"
_SUBMODULES, _RUNNING = "_xq_submodules", "_xq_running"
_LOCK = threading.RLock()


class _Unexecuted(ModuleType):
    """The package before its ``__init__`` ran."""

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system names a submodule here, but ccxt.binance is to be the class.
        waiting = vars(self).get(_SUBMODULES)
        if isinstance(value, ModuleType) and waiting is not None and _RUNNING not in vars(self):
            waiting[name] = value
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        _execute(self)
        try:
            return vars(self)[name]
        except KeyError:
            raise AttributeError(f"module {_NAME!r} has no attribute {name!r}") from None

    def __dir__(self) -> list[str]:
        _execute(self)
        return sorted(vars(self))


def exchange_class(ccxt_id: str) -> Any:
    """The class of an exchange, as ``getattr(ccxt, ccxt_id)`` gives it.

    Raises
    ------
    AttributeError
        If ccxt has no such exchange.

    Examples
    --------
    >>> exchange_class("binanceusdm").__name__
    'binanceusdm'
    """
    _put_in_place()
    if isinstance(sys.modules.get(_NAME), _Unexecuted):
        try:
            found = getattr(importlib.import_module(f"{_NAME}.{ccxt_id}"), ccxt_id)
        except (ImportError, AttributeError):
            found = None  # no such exchange, or a ccxt laid out in another way
        if isinstance(found, type):
            return found
    return getattr(importlib.import_module(_NAME), ccxt_id)


def _put_in_place() -> None:
    with _LOCK:
        if _NAME in sys.modules:
            return
        spec = importlib.util.find_spec(_NAME)
        if spec is None or spec.loader is None or spec.submodule_search_locations is None:
            return  # no package of files; the plain import knows what to do or to say
        package = importlib.util.module_from_spec(spec)
        vars(package)[_SUBMODULES] = {}
        package.__class__ = _Unexecuted
        sys.modules.setdefault(_NAME, package)


def _execute(package: _Unexecuted) -> None:
    """Run the package's ``__init__``, once; a second thread waits for the first."""
    own = vars(package)
    with _LOCK:
        if _SUBMODULES not in own or _RUNNING in own:
            return
        spec = package.__spec__
        if spec is None or spec.loader is None:
            raise ImportError(f"{_NAME} was changed while it was loaded")
        own[_RUNNING] = True
        try:
            spec.loader.exec_module(package)
        finally:
            del own[_RUNNING]
        for name, module in own.pop(_SUBMODULES).items():
            own.setdefault(name, module)
        package.__class__ = ModuleType  # type: ignore[assignment]

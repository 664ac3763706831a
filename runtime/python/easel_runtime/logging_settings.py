"""What a block set up of `logging`: levels, and handlers that write to its output, as `logging.basicConfig` adds them.

A logger is described as JSON: `{"level", "propagate", "disabled", "handlers"}`; one that is as Python makes it, by nothing.
A handler that is more than a stream of the block, a level and a format is described by its type only: it does not travel.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

Json = dict[str, Any]

_STREAMS = ("stdout", "stderr")


def described() -> dict[str, Json]:
    """The loggers that are not as Python makes them, by name; nothing if `logging` is not loaded."""
    logging = sys.modules.get("logging")
    manager = getattr(getattr(logging, "root", None), "manager", None)
    if manager is None or logging is None:
        return {}
    found = {}
    root = _logger(logging, logging.root)
    if root != _AS_MADE | {"level": logging.WARNING}:
        found["root"] = root
    for name, logger in list(manager.loggerDict.items()):
        if not getattr(logger, "handlers", None) and not getattr(logger, "level", 0) and _is_plain(logger):
            continue
        found[name] = _logger(logging, logger)
    if manager.disable:
        found["disabled up to"] = {"level": int(manager.disable)}
    return found


_AS_MADE: Json = {"level": 0, "propagate": True, "disabled": False, "handlers": []}


def _is_plain(logger: Any) -> bool:
    return bool(getattr(logger, "propagate", True)) and not getattr(logger, "disabled", False)


def _logger(logging: Any, logger: Any) -> Json:
    return {
        "level": int(logger.level),
        "propagate": bool(logger.propagate),
        "disabled": bool(logger.disabled),
        "handlers": [_handler(logging, handler) for handler in logger.handlers],
    }


def _handler(logging: Any, handler: Any) -> Json:
    kind = type(handler)
    formatter = handler.formatter
    if kind is logging.NullHandler:
        return {"stream": None}
    stream = next((s for s in _STREAMS if getattr(handler, "stream", None) is getattr(sys, s)), None)
    if (
        kind is not logging.StreamHandler
        or stream is None
        or handler.filters
        or type(formatter) not in (type(None), logging.Formatter)
        or not set(vars(formatter) if formatter else ()) <= {"_style", "_fmt", "datefmt"}
    ):
        return {"type": f"{kind.__module__}.{kind.__qualname__}"}
    made: Json = {"stream": stream, "level": int(handler.level)}
    if formatter is not None:
        styles = {style[0]: sign for sign, style in logging._STYLES.items()}
        style = formatter._style
        if type(style) not in styles or getattr(style, "_defaults", None):
            return {"type": f"{kind.__module__}.{kind.__qualname__}"}
        made["format"] = [formatter._fmt, formatter.datefmt, styles[type(style)]]
    return made


def changed(before: dict[str, Json], now: dict[str, Json]) -> tuple[dict[str, Json], list[str]]:
    """What differs, by name, and a sentence for each handler that cannot travel."""
    found: dict[str, Json] = {}
    lost: list[str] = []
    for name, settings in now.items():
        if before.get(name) == settings:
            continue
        known = before.get(name, {}).get("handlers", [])
        for handler in settings.get("handlers", []):
            if "type" in handler and handler not in known:
                lost.append(
                    f"the log handler `{handler['type']}` of the logger `{name}` does not travel to other blocks: "
                    "add it in the block that logs"
                )
        found[name] = settings
        if "handlers" in settings:
            found[name] = settings | {"handlers": [h for h in settings["handlers"] if "type" not in h]}
            if found[name] == before.get(name):
                del found[name]
    for name in before.keys() - now.keys():
        level = importlib.import_module("logging").WARNING if name == "root" else 0
        found[name] = {"level": 0} if name == "disabled up to" else _AS_MADE | {"level": level}
    return found, lost


def restore(name: str, settings: Json) -> None:
    """Set up one logger again; handlers of libraries stay where they are."""
    logging: Any = importlib.import_module("logging")
    if name == "disabled up to":
        logging.disable(settings["level"])
        return
    logger = logging.getLogger(None if name == "root" else name)
    logger.setLevel(settings["level"])
    logger.propagate, logger.disabled = settings["propagate"], settings["disabled"]
    for handler in list(logger.handlers):
        if "type" not in _handler(logging, handler):
            logger.removeHandler(handler)
    for described_handler in settings["handlers"]:
        logger.addHandler(_made(logging, described_handler))


def _made(logging: Any, settings: Json) -> Any:
    if settings["stream"] is None:
        return logging.NullHandler()
    made = logging.StreamHandler(getattr(sys, settings["stream"]))
    made.setLevel(settings["level"])
    if "format" in settings:
        pattern, dates, style = settings["format"]
        made.setFormatter(logging.Formatter(pattern, dates, style))
    return made

"""Frozen dataclasses as what JSON can hold, and back; whatever does not fit their types is refused in words."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np


def to_plain(value: Any, arrays: dict[str, np.ndarray], name: str) -> Any:
    """Dicts, lists, text and numbers; an array becomes {"array": NAME} and goes to ``arrays``.

    A dataclass becomes a dict of its fields, with its class's name under "type".
    """
    if is_dataclass(value) and not isinstance(value, type):
        parts = {
            field.name: to_plain(getattr(value, field.name), arrays, f"{name}_{field.name}") for field in fields(value)
        }
        return {"type": type(value).__name__, **parts}
    if isinstance(value, np.ndarray):
        arrays[name] = value
        return {"array": name}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_plain(part, arrays, f"{name}_{index}") for index, part in enumerate(value)]
    if isinstance(value, np.generic):
        return value.item()
    return value


def from_plain(wanted: Any, data: Any, arrays: Mapping[str, np.ndarray], where: str = "the page") -> Any:
    """The value of type ``wanted`` that ``data`` stands for. ValueError, with a sentence that says where, otherwise."""
    origin, inner = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return _one_of(inner, data, arrays, where)
    if origin is tuple:
        return _tuple(inner, data, arrays, where)
    if is_dataclass(wanted):
        return _dataclass(typing.cast(type, wanted), data, arrays, where)
    if wanted is np.ndarray:
        return _array(data, arrays, where)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        try:
            return wanted(data)
        except ValueError:
            raise _unfit(data, where) from None
    if wanted is float and isinstance(data, int) and not isinstance(data, bool) and abs(data) < 1e15:
        return float(data)
    # bool is an int to Python
    if not isinstance(data, wanted) or (isinstance(data, bool) and wanted is not bool):
        raise _unfit(data, where)
    if (isinstance(data, float) and not math.isfinite(data)) or (isinstance(data, int) and abs(data) > 2**53):
        raise _unfit(data, where)
    return data


def _one_of(choices: tuple[Any, ...], data: Any, arrays: Mapping[str, np.ndarray], where: str) -> Any:
    if data is None and types.NoneType in choices:
        return None
    if isinstance(data, dict) and "type" in data:
        kinds = {choice.__name__: choice for choice in choices if isinstance(choice, type) and is_dataclass(choice)}
        if not isinstance(data["type"], str) or data["type"] not in kinds:
            raise ValueError(f"In {where}: {data['type']!r} is none of {', '.join(kinds)}.")
        return from_plain(kinds[data["type"]], data, arrays, where)
    for choice in choices:
        if choice is not types.NoneType and not is_dataclass(choice):
            try:
                return from_plain(choice, data, arrays, where)
            except ValueError:
                continue
    raise _unfit(data, where)


def _tuple(inner: tuple[Any, ...], data: Any, arrays: Mapping[str, np.ndarray], where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise _unfit(data, where)
    if len(inner) == 2 and inner[1] is Ellipsis:
        inner = (inner[0],) * len(data)
    if len(inner) != len(data):
        raise ValueError(f"In {where}: {len(data)} values stand where there must be {len(inner)}.")
    return tuple(from_plain(kind, part, arrays, where) for kind, part in zip(inner, data, strict=True))


def _dataclass(wanted: type, data: Any, arrays: Mapping[str, np.ndarray], where: str) -> Any:
    name = wanted.__name__
    if not isinstance(data, dict) or data.get("type") != name:
        raise ValueError(f"In {where}: a {name.lower()} is missing.")
    known = {field.name: field for field in fields(wanted)}
    if strange := sorted(str(key) for key in data.keys() - known.keys() - {"type"}):
        raise ValueError(f"In {where}: a {name.lower()} has no field {strange[0]!r}.")
    hints, values = typing.get_type_hints(wanted), {}
    for key, field in known.items():
        if key in data:
            values[key] = from_plain(hints[key], data[key], arrays, f"{where}, {name.lower()}, {key}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"In {where}: the field {key!r} of a {name.lower()} is missing.")
    return wanted(**values)


def _array(data: Any, arrays: Mapping[str, np.ndarray], where: str) -> np.ndarray:
    name = data.get("array") if isinstance(data, dict) else None
    if not isinstance(name, str) or name not in arrays:
        raise ValueError(f"In {where}: an array is missing.")
    return arrays[name]


def _unfit(data: Any, where: str) -> ValueError:
    words = repr(data)
    return ValueError(f"In {where}: {words if len(words) <= 40 else words[:37] + '…'} does not belong there.")

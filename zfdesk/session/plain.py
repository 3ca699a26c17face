"""Frozen dataclasses to JSON values and back, with the types as the only schema.

A new field of a dataclass needs no new code here: its type says what is read and its default what an older file means.
What a file says beyond the types is told in notes; what contradicts them raises `PlainError`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

LONGEST_TEXT = 4096  # characters: paths are this long at most
MOST_ITEMS = 1000
LARGEST_WHOLE = 2**31 - 1
LARGEST_NUMBER = 1e12

T = TypeVar("T")


class PlainError(ValueError):
    """A value that cannot be what its type says. The text is a clause that names it: "view.unit is not …"."""


class _UnknownChoiceError(PlainError):
    """A word that is none of the known ones: perhaps one of another version."""


def to_plain(value: Any) -> Any:
    """A value as JSON has it: dataclasses by field name, enumerations by value, tuples as lists.

    Raises TypeError for what has no JSON form, ValueError for a number that is not finite.
    """
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} is not a finite number.")
            return value
        case tuple():
            return [to_plain(item) for item in value]
        case Mapping():
            return {str(key): to_plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value) if field.init}
    raise TypeError(f"A {type(value).__name__} cannot be kept as JSON.")


def from_plain(kind: type[T], value: Any, name: str, notes: list[str]) -> T:
    """A value of type ``kind`` from JSON; ``name`` is what a sentence calls it.

    Fields that are missing take their default, fields and words that are not known are left out: each is added to
    ``notes``, a sentence each. Raises PlainError where the types are wrong.
    """
    return _read(kind, value, name, notes)


def parsed(data: bytes) -> dict[str, Any]:
    """A JSON object. Raises ValueError for anything else: NaN, a name given twice, nesting without end."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a name is given twice")
        return dict(pairs)

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not a number")

    try:
        value = json.loads(data.decode(), object_pairs_hook=unique, parse_constant=refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    return value


def _read(kind: Any, value: Any, name: str, notes: list[str]) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _read_union(parts, value, name, notes)
    if origin is Literal:
        if type(value) not in {type(part) for part in parts}:
            raise PlainError(f"{name} is not {'a word' if isinstance(parts[0], str) else 'a whole number'}")
        if value not in parts:
            raise _UnknownChoiceError(f"{name} is {_shown(value)}, which is not known here")
        return value
    if origin is tuple:
        return _read_tuple(parts, value, name, notes)
    if origin is dict:
        if not isinstance(value, dict) or len(value) > MOST_ITEMS:
            raise PlainError(f"{name} is not a table of at most {MOST_ITEMS} entries")
        return {key: _read(parts[1], item, f"{name}.{key[:40]}", notes) for key, item in value.items()}
    if is_dataclass(kind):
        return _read_dataclass(kind, value, name, notes)
    if isinstance(kind, type) and issubclass(kind, Enum):
        if not isinstance(value, str | int):
            raise PlainError(f"{name} is not a word")
        try:
            return kind(value)
        except ValueError:
            raise _UnknownChoiceError(f"{name} is {_shown(value)}, which is not known here") from None
    return _read_simple(kind, value, name)


def _read_simple(kind: Any, value: Any, name: str) -> Any:
    if kind is bool and type(value) is bool:
        return value
    if kind is int and type(value) is int and abs(value) <= LARGEST_WHOLE:
        return value
    if kind is float and type(value) in (int, float) and abs(value) <= LARGEST_NUMBER:  # NaN is not <= anything
        return float(value)
    if kind is str and type(value) is str and len(value) <= LONGEST_TEXT and "\0" not in value:
        return value
    words = {bool: "true or false", int: "a whole number in range", float: "a number in range", str: "a text"}
    if kind not in words:
        raise TypeError(f"{name}: the type {kind} cannot be read from JSON.")
    raise PlainError(f"{name} is not {words[kind]}")


def _read_union(parts: tuple[Any, ...], value: Any, name: str, notes: list[str]) -> Any:
    """The first part that fits; the complaint of the first that does not."""
    if value is None and NoneType in parts:
        return None
    trouble: PlainError | None = None
    for part in parts:
        if part is not NoneType:
            told: list[str] = []
            try:
                found = _read(part, value, name, told)
            except PlainError as error:
                trouble = trouble or error
            else:
                notes += told
                return found
    raise trouble or PlainError(f"{name} is of the wrong kind")


def _read_tuple(parts: tuple[Any, ...], value: Any, name: str, notes: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise PlainError(f"{name} is not a list")
    if len(parts) == 2 and parts[1] is Ellipsis:
        if len(value) > MOST_ITEMS:
            raise PlainError(f"{name} has more than {MOST_ITEMS} entries")
        parts = (parts[0],) * len(value)
    if len(parts) != len(value):
        raise PlainError(f"{name} has {len(value)} entries instead of {len(parts)}")
    pairs = zip(parts, value, strict=True)
    return tuple(_read(part, item, f"{name}[{place}]", notes) for place, (part, item) in enumerate(pairs))


def _read_dataclass(kind: Any, value: Any, name: str, notes: list[str]) -> Any:
    if not isinstance(value, dict):
        raise PlainError(f"{name} is not a set of named values")
    types, read = _types(kind), {}
    known = {field.name: field for field in fields(kind) if field.init}
    unknown = sorted(value.keys() - known.keys())
    notes += [f"{name}.{_printable(key)} is not known here and was left out." for key in unknown]
    for key, field in known.items():
        has_default = _has_default(field)
        if key not in value:
            if not has_default:
                raise PlainError(f"{name}.{key} is missing")
            notes.append(f"{name}.{key} is missing and is as at first.")
            continue
        try:
            read[key] = _read(types[key], value[key], f"{name}.{key}", notes)
        except _UnknownChoiceError as error:
            if not has_default:
                raise
            notes.append(f"{error}: it is as at first.")
    try:
        return kind(**read)
    except PlainError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise PlainError(f"{name} cannot be: {str(error).rstrip('.')}") from None


@lru_cache(maxsize=64)
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _shown(value: Any) -> str:
    return _printable(repr(value) if not isinstance(value, str) else f"“{value}”")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text[:40])

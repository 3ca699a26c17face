"""Frozen dataclasses to JSON values and back, with the types as the only schema. Belongs to no room and knows none.

A new field of a dataclass needs no new code here: its type says what is read and its default what an older file means.
What a file says beyond the types is told in notes, or refused where nobody listens; what contradicts them raises
`PlainError`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

LARGEST_WHOLE = 2**31 - 1
TAG = "type"
"""Where the name of a dataclass stands beside its fields."""

_FORMERLY = "formerly"

T = TypeVar("T")


def formerly(*names: str) -> dict[str, tuple[str, ...]]:
    """Metadata of a dataclass's field: the names under which files of earlier versions have it."""
    return {_FORMERLY: names}


@dataclass(frozen=True)
class JsonLimits:
    """How much a file may say. longest_text: characters; paths are this long at most. most_items: of one list."""

    longest_text: int = 4096
    most_items: int = 1000
    largest_number: float = 1e12
    largest_whole: int = LARGEST_WHOLE


class PlainError(ValueError):
    """A value that cannot be what its type says. The text is a clause that names it: "view.unit is not …"."""


class _UnknownChoiceError(PlainError):
    """A word that is none of the known ones: perhaps one of another version."""


def to_plain(value: Any, arrays: dict[str, np.ndarray] | None = None, name: str = "") -> Any:
    """A value as JSON has it: dataclasses by field name, enumerations by value, tuples as lists.

    With ``arrays``, arrays go there, called by ``name`` and their fields, and {"array": NAME} stands for them; and
    every dataclass has its own name under `TAG`, so that a field can be one of several.
    Raises TypeError for what has no JSON form, ValueError for a number that is not finite.
    """
    match value:
        case Enum():
            return value.value
        case np.generic():
            return to_plain(value.item())
        case None | bool() | int() | str():
            return value
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} is not a finite number.")
            return value
        case tuple() | list():
            return [to_plain(item, arrays, f"{name}_{place}") for place, item in enumerate(value)]
        case Mapping():
            return {str(key): to_plain(item, arrays, f"{name}_{key}") for key, item in value.items()}
        case np.ndarray() if arrays is not None:
            arrays[name] = value
            return {"array": name}
    if is_dataclass(value) and not isinstance(value, type):
        tag = {} if arrays is None else {TAG: type(value).__name__}
        kept = [field.name for field in fields(value) if field.init]
        return tag | {key: to_plain(getattr(value, key), arrays, f"{name}_{key}") for key in kept}
    raise TypeError(f"A {type(value).__name__} cannot be kept as JSON.")


def from_plain(
    kind: type[T],
    value: Any,
    name: str,
    notes: list[str] | None = None,
    arrays: Mapping[str, np.ndarray] | None = None,
    limits: JsonLimits = JsonLimits(),
) -> T:
    """A value of type ``kind`` from JSON; ``name`` is what a sentence calls it.

    Fields that are missing take their default, as those of a later version do in an earlier one's files. Fields and
    words that are not known are left out: each is added to ``notes``, a sentence each. Without ``notes`` what is not
    known is wrong. ``arrays``: as `to_plain` gave them.
    Raises PlainError where the types are wrong.
    """
    result: T = _Reader(notes, arrays, limits).read(kind, value, name)
    return result


def parsed(data: bytes) -> dict[str, Any]:
    """A JSON object. Raises ValueError for anything else; PlainError, a clause about "it", for what is JSON and yet
    refused: NaN, a name given twice, nesting without end, no object."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) < len(pairs):
            raise PlainError("it gives a name twice")
        return dict(pairs)

    def refuse(word: str) -> None:
        raise PlainError(f"it holds {word}, which is not a number")

    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=unique, parse_constant=refuse)
    except RecursionError:
        raise PlainError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise PlainError("it is not an object")
    return value


@dataclass(frozen=True)
class _Reader:
    """How to read: see `from_plain`."""

    notes: list[str] | None
    arrays: Mapping[str, np.ndarray] | None
    limits: JsonLimits

    def read(self, kind: Any, value: Any, name: str) -> Any:
        origin, parts = get_origin(kind), get_args(kind)
        if origin in (Union, UnionType):
            return self._union(parts, value, name)
        if origin is Literal:
            if type(value) not in {type(part) for part in parts}:
                raise PlainError(f"{name} is not {'a word' if isinstance(parts[0], str) else 'a whole number'}")
            if value not in parts:
                raise _UnknownChoiceError(f"{name} is {_shown(value)}, which is not known here")
            return value
        if origin is tuple:
            return self._tuple(parts, value, name)
        if origin is dict:
            most = self.limits.most_items
            if not isinstance(value, dict) or len(value) > most:
                raise PlainError(f"{name} is not a table of at most {most} entries")
            return {key: self.read(parts[1], item, f"{name}.{key[:40]}") for key, item in value.items()}
        if is_dataclass(kind):
            return self._dataclass(kind, value, name)
        if kind is np.ndarray:
            return self._array(value, name)
        if isinstance(kind, type) and issubclass(kind, Enum):
            if not isinstance(value, str | int):
                raise PlainError(f"{name} is not a word")
            try:
                return kind(value)
            except ValueError:
                raise _UnknownChoiceError(f"{name} is {_shown(value)}, which is not known here") from None
        return self._simple(kind, value, name)

    def _simple(self, kind: Any, value: Any, name: str) -> Any:
        limits = self.limits
        if kind is Any:  # who put it there reads it
            return value
        if kind is bool and type(value) is bool:
            return value
        if kind is int and type(value) is int and abs(value) <= limits.largest_whole:
            return value
        # NaN is not <= anything
        if kind is float and type(value) in (int, float) and abs(value) <= limits.largest_number:
            return float(value)
        if kind is str and type(value) is str and len(value) <= limits.longest_text and "\0" not in value:
            return value
        kinds = {bool: "true or false", int: "a whole number in range", float: "a number in range", str: "a text"}
        if kind not in kinds:
            raise TypeError(f"{name}: the type {kind} cannot be read from JSON.")
        raise PlainError(f"{name} is not {kinds[kind]}")

    def _array(self, value: Any, name: str) -> np.ndarray:
        called = value.get("array") if isinstance(value, dict) else None
        if not isinstance(called, str) or called not in (self.arrays or {}):
            raise PlainError(f"{name} is not an array that is there")
        return (self.arrays or {})[called]

    def _union(self, parts: tuple[Any, ...], value: Any, name: str) -> Any:
        """The part that the tag names, or the first that fits; the complaint of the first that does not."""
        if value is None and NoneType in parts:
            return None
        if self.arrays is not None and isinstance(value, dict) and TAG in value:
            named = {part.__name__: part for part in parts if isinstance(part, type) and is_dataclass(part)}
            if not isinstance(value[TAG], str) or value[TAG] not in named:
                raise PlainError(f"{name} is {_shown(value[TAG])}, which is none of {', '.join(named)}")
            return self.read(named[value[TAG]], value, name)
        first_error: PlainError | None = None
        for part in parts:
            if part is not NoneType:
                found_notes: list[str] = []
                try:
                    found = _Reader(None if self.notes is None else found_notes, self.arrays, self.limits).read(
                        part, value, name
                    )
                except PlainError as error:
                    first_error = first_error or error
                else:
                    self._note(*found_notes)
                    return found
        raise first_error or PlainError(f"{name} is of the wrong kind")

    def _tuple(self, parts: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise PlainError(f"{name} is not a list")
        if len(parts) == 2 and parts[1] is Ellipsis:
            if len(value) > self.limits.most_items:
                raise PlainError(f"{name} has more than {self.limits.most_items} entries")
            parts = (parts[0],) * len(value)
        if len(parts) != len(value):
            raise PlainError(f"{name} has {len(value)} entries instead of {len(parts)}")
        pairs = zip(parts, value, strict=True)
        return tuple(self.read(part, item, f"{name}[{place}]") for place, (part, item) in enumerate(pairs))

    def _dataclass(self, kind: Any, value: Any, name: str) -> Any:
        if not isinstance(value, dict):
            raise PlainError(f"{name} is not a set of named values")
        if self.arrays is not None:
            if value.get(TAG, kind.__name__) != kind.__name__:
                raise PlainError(f"{name} is not {with_article(kind.__name__.lower())}")
            value = {key: item for key, item in value.items() if key != TAG}
        types, read = _types(kind), {}
        known = {field.name: field for field in fields(kind) if field.init}
        current = {old: key for key, field in known.items() for old in field.metadata.get(_FORMERLY, ())}
        value = {current.get(key, key) if current.get(key) not in value else key: item for key, item in value.items()}
        for key in sorted(value.keys() - known.keys()):
            if self.notes is None:
                raise PlainError(f"{name}.{_printable(key)} is not known here")
            self._note(f"{name}.{_printable(key)} is not known here and was left out.")
        for key, field in known.items():
            has_default = _has_default(field)
            if key not in value:
                if not has_default:
                    raise PlainError(f"{name}.{key} is missing")
                continue
            try:
                read[key] = self.read(types[key], value[key], f"{name}.{key}")
            except _UnknownChoiceError as error:
                if not has_default or self.notes is None:
                    raise
                self._note(f"{error}: it is as at first.")
        try:
            return kind(**read)
        except PlainError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            raise PlainError(f"{name} cannot be: {str(error).rstrip('.')}") from None

    def _note(self, *sentences: str) -> None:
        if self.notes is not None:
            self.notes.extend(sentences)


@lru_cache(maxsize=64)
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def with_article(noun: str) -> str:
    """ "a picture", "an occlusion"."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def _shown(value: Any) -> str:
    return _printable(repr(value) if not isinstance(value, str) else f"“{value}”")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text[:40])

"""Small parts of a JSON Schema, to be put together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Schema: TypeAlias = dict[str, Any]


def ref(name: str) -> Schema:
    """Point to one of the schema's own definitions."""
    return {"$ref": f"#/$defs/{name}"}


def mapping(
    title: str, description: str, properties: Mapping[str, Schema], required: Iterable[str] = ()
) -> Schema:
    """Describe a mapping with these keys and no others."""
    schema: Schema = {
        "title": title,
        "description": description,
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
    }
    return {**schema, "required": list(required)} if required else schema


def mapping_of(description: str, values: Schema) -> Schema:
    """Describe a mapping whose keys are somebody else's."""
    return {"description": description, "type": "object", "additionalProperties": values}


def text(description: str, *, pattern: str | None = None) -> Schema:
    schema: Schema = {"description": description, "type": "string", "minLength": 1}
    return {**schema, "pattern": pattern} if pattern else schema


def texts(description: str, *, pattern: str | None = None) -> Schema:
    """Describe a text or a list of texts."""
    one = text(description, pattern=pattern)
    return {"description": description, **one_or_list(one)}


def one_or_list(item: Schema) -> Schema:
    return either(item, {"type": "array", "minItems": 1, "items": item})


def either(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def choice(description: str, words: Iterable[str]) -> Schema:
    return {"description": description, "enum": list(words)}


def boolean(description: str) -> Schema:
    return {"description": description, "type": "boolean"}


def whole(description: str, *, least: int) -> Schema:
    return {"description": description, "type": "integer", "minimum": least}

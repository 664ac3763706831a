"""Preconditions on generation and metageneration. Source: Cloud Storage "Request preconditions"."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ApiError, bad_request
from ..routing import Call
from .bucket import StoredObject

QUERY = "ifGenerationMatch ifGenerationNotMatch ifMetagenerationMatch ifMetagenerationNotMatch"
SOURCE_QUERY = "ifSourceGenerationMatch ifSourceGenerationNotMatch ifSourceMetagenerationMatch ifSourceMetagenerationNotMatch"


def not_met(what: str) -> ApiError:
    message = "At least one of the pre-conditions you specified did not hold."
    return ApiError(412, message, reason="conditionNotMet", xml={"Details": what})


@dataclass(frozen=True)
class Conditions:
    generation: int | None = None
    not_generation: int | None = None
    metageneration: int | None = None
    not_metageneration: int | None = None

    @staticmethod
    def of_query(call: Call, prefix: str = "if") -> Conditions:
        return Conditions(
            call.integer(f"{prefix}GenerationMatch"),
            call.integer(f"{prefix}GenerationNotMatch"),
            call.integer(f"{prefix}MetagenerationMatch"),
            call.integer(f"{prefix}MetagenerationNotMatch"),
        )

    @staticmethod
    def of_headers(headers: dict[str, str]) -> Conditions:
        def number(name: str) -> int | None:
            text = headers.get(name)
            if text is not None and not text.isdigit():
                raise bad_request(f"Invalid value of {name}: {text}")
            return None if text is None else int(text)

        return Conditions(
            number("x-goog-if-generation-match"), None, number("x-goog-if-metageneration-match"), None
        )

    def check(self, found: StoredObject | None, *, reading: bool = False) -> None:
        """Errors: 412 conditionNotMet; 304 when reading and a "not match" fails."""
        unwanted = ApiError(304, "Not modified", reason="notModified") if reading else not_met("not-match")
        generation = found.generation if found else 0
        if self.generation is not None and generation != self.generation:
            raise not_met("generation")
        if self.not_generation is not None and generation == self.not_generation:
            raise unwanted
        if self.metageneration is not None and (found is None or found.metageneration != self.metageneration):
            raise not_met("metageneration")
        if (
            self.not_metageneration is not None
            and found is not None
            and found.metageneration == self.not_metageneration
        ):
            raise unwanted


def check_metageneration(call: Call, metageneration: int) -> None:
    """The same for buckets and folders, which have no generation."""
    wanted, unwanted = call.integer("ifMetagenerationMatch"), call.integer("ifMetagenerationNotMatch")
    if wanted is not None and wanted != metageneration:
        raise not_met("metageneration")
    if unwanted is not None and unwanted == metageneration:
        raise ApiError(304, "Not modified") if call.request.method == "GET" else not_met("metageneration")

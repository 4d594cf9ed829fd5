"""Expected failures, named for what happened; the edge renders them as RFC 9457 problems."""

from typing import Any, ClassVar


class AppError(Exception):
    """A failure that the caller should read about. Extra members travel in the problem document."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    slug: ClassVar[str] = "internal-error"

    def __init__(
        self, detail: str, *, headers: dict[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def problem(self) -> dict[str, Any]:
        """The problem document: type, title, status, detail and the extra members."""
        return {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }


class BadRequest(AppError):
    status, title, slug = 400, "Bad request", "bad-request"


class Unauthenticated(AppError):
    status, title, slug = 401, "Not signed in", "unauthenticated"


class Forbidden(AppError):
    status, title, slug = 403, "Not allowed", "forbidden"


class NotFound(AppError):
    """It does not exist, or it is not yours: callers cannot tell the two apart."""

    status, title, slug = 404, "Not found", "not-found"


class Conflict(AppError):
    status, title, slug = 409, "Conflict", "conflict"


class TooLarge(AppError):
    status, title, slug = 413, "Too large", "too-large"


class Invalid(AppError):
    """Well-formed, but against a rule that only the service can check."""

    status, title, slug = 422, "Validation error", "validation-error"


class QuotaExceeded(AppError):
    status, title, slug = 429, "Quota exceeded", "quota-exceeded"


class UpstreamFailed(AppError):
    status, title, slug = 502, "Upstream failed", "upstream-failed"


class Unavailable(AppError):
    """A feature that is not configured, or a part that does not answer now."""

    status, title, slug = 503, "Unavailable", "unavailable"

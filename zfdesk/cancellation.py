"""The one exception of work that was cancelled, in every room."""


class Cancelled(Exception):  # noqa: N818 - nothing is wrong
    """The user does not want the result any more. No error: it is raised where cancelled work looks for it."""


__all__ = ["Cancelled"]

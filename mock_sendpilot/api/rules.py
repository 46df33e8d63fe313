"""The vendor's sentences for what is wrong with a field, in the wording of class-validator.

A production client got two of them, `senderId should not be empty` and `recipientLinkedinUrl must
be a URL address`. They are that library's; for other faults it would say what stands here. Each
follows the name of the field. There is one for each fault, where the library may have several.
"""

from mock_sendpilot.errors import Problem

MUST_BE_STRING = "must be a string"
MUST_NOT_BE_EMPTY = "should not be empty"
MUST_BE_INTEGER = "must be an integer number"
MUST_BE_BOOLEAN = "must be a boolean value"
MUST_BE_ARRAY = "must be an array"
MUST_BE_OBJECT = "must be an object"
MUST_BE_URL = "must be a URL address"
MUST_BE_DATE = r"must match /^\d{2}\/\d{2}\/\d{4}$/ regular expression"


def must_not_be_less(lowest: int) -> str:
    """The rule for a number that is too small."""
    return f"must not be less than {lowest}"


def must_not_be_greater(highest: int) -> str:
    """The rule for a number that is too large."""
    return f"must not be greater than {highest}"


def must_be_shorter(longest: int) -> str:
    """The rule for a string that is too long."""
    return f"must be shorter than or equal to {longest} characters"


def must_be_equal(other: str) -> str:
    """The rule for a value that must be that of another field."""
    return f"must be equal to {other}"


def count_problem(expected: str, count: int, *, most: int) -> Problem | None:
    """The problem of an array without items or with more than `most`; None if it has neither."""
    if 1 <= count <= most:
        return None
    too_many = f"must contain no more than {most} elements"
    rule = too_many if count else "must contain at least 1 elements"
    return Problem(expected, f"it has {count}", rule=rule)

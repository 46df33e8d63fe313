"""The vendor's sentences for invalid fields, in the wording of class-validator.

A production client got two of them, `senderId should not be empty` and `recipientLinkedinUrl must
be a URL address`. They are that library's; its sentences for other faults are these. Each follows
the name of the field. There is one for each fault, where the library may have several.
"""

MUST_BE_STRING = "must be a string"
MUST_NOT_BE_EMPTY = "should not be empty"
MUST_BE_INTEGER = "must be an integer number"
MUST_BE_BOOLEAN = "must be a boolean value"
MUST_BE_ARRAY = "must be an array"
MUST_HAVE_ITEMS = "must contain at least 1 elements"
MUST_BE_OBJECT = "must be an object"
MUST_BE_URL = "must be a URL address"
MUST_BE_DATE = r"must match /^\d{2}\/\d{2}\/\d{4}$/ regular expression"


def must_not_be_less(minimum: float) -> str:
    """Return the rule for a number that is too small."""
    return f"must not be less than {minimum}"


def must_not_be_greater(maximum: float) -> str:
    """Return the rule for a number that is too large."""
    return f"must not be greater than {maximum}"


def must_be_shorter(max_length: int) -> str:
    """Return the rule for a string that is too long."""
    return f"must be shorter than or equal to {max_length} characters"


def must_have_fewer_items(max_items: int) -> str:
    """Return the rule for an array that is too long."""
    return f"must contain no more than {max_items} elements"


def must_be_one_of(values: str) -> str:
    """Return the rule for a value that must be one of these, separated by commas."""
    return f"must be one of the following values: {values}"


def must_be_equal(other: str) -> str:
    """Return the rule for a value that must be that of another field."""
    return f"must be equal to {other}"

"""Attributes replaced for the time of a block."""

from contextlib import ExitStack, contextmanager
from unittest.mock import patch


@contextmanager
def patched(*attributes):
    """Attributes, each `(object, name, value)`, replaced for the time of a block."""
    with ExitStack() as stack:
        for attribute in attributes:
            stack.enter_context(patch.object(*attribute))
        yield

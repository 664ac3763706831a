"""A client of the API of `easel serve`."""

from .client import Client
from .http import Problem

__all__ = ["Client", "Problem"]

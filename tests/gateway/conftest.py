"""PostgreSQL for the tests of this folder; it is started when the first of them asks for it."""

from tests.postgres import place, postgres

__all__ = ["place", "postgres"]

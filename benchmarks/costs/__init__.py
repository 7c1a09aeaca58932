"""The conformance corpus of costs put to this gateway and to two libraries."""

"""Several processes that serve as one: a supervisor that accepts, workers that answer, and what they share."""

"""Everything that is not hot: the page, the model list, explain, threads, spend, health, metrics. FastAPI serves it."""

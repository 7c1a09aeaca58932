"""The byte path: HTTP in, HTTP out. This room knows nothing of models or money."""

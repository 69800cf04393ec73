"""Data to try the project with; nothing that the library needs."""

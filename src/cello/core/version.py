"""The version of Cello, as pyproject.toml has it."""

VERSION = "0.1.0"

"""Lowered streams that run in this process: interpreted, or as compiled C."""

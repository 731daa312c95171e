"""Cello: a session."""

import cello
from peers.stream import build, runner


def prepare(row):
    session = build(cello, row).stream()
    return runner(row, session.reset_rows, session)

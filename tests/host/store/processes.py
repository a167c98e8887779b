"""Processes of their own for the store's tests, begun quickly: their server has imported what they need."""

import multiprocessing

OTHERS = multiprocessing.get_context("forkserver")
OTHERS.set_forkserver_preload(["pytest", "tests.host.states"])

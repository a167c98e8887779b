"""The temporal store: what every published run held, and what each run said about itself."""

from rolecall.store.engine import Store, open_store

__all__ = ["Store", "open_store"]

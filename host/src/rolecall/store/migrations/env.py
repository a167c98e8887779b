"""Run by Alembic for each upgrade; ``rolecall.store.migration`` hands over the open connection."""

from alembic import context

from rolecall.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

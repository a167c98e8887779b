"""The audit trail: sinks for the ends of its chain, and the commands that show and prove it."""

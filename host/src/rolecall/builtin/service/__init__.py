"""The service: expiries, retries, hand-offs, approved requests, notices and syncs, as they fall due."""

"""Just-in-time access: who may ask for what and for how long, who approves, and what becomes of it."""

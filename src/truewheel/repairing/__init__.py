"""The stories of repairs: of what was just built, and of a wheel on disk."""

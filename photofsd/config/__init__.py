"""Settings: their schema, where they come from, profiles."""

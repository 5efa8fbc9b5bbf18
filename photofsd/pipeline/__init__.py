"""From a file to facts: what is due, who works on it, how results come home."""

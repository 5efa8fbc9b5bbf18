"""Children, both sides: what starts and talks to one, and what a child does to itself before it works."""

"""How fast the ways to search are on this machine, and what they miss: `photofsd bench search`."""

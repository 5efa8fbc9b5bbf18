"""Questions to the library: selections, facets, the query language."""

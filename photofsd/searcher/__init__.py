"""Search by meaning: the text encoder and the vectors, warm in a process of their own; or cold, in a command's."""

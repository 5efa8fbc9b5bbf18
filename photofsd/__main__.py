"""`python -m photofsd` is the program `photofsd`."""

from __future__ import annotations

from photofsd.cli.main import main

if __name__ == "__main__":
    main()

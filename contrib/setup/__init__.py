"""What `make` calls: system packages, the virtual environment, a trial run."""

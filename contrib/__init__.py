"""Our own tools around the daemon: setting up, a sample library. Not part of the installed package."""

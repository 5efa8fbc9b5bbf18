"""photofsd: your photo library, as a file system."""

"""What a generated folder is, without any file system in sight."""

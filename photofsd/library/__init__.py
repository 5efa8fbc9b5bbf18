"""What is on the NAS: scanning, watching, settling, the vanish guard."""

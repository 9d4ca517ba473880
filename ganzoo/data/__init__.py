"""Data: datasets decoded to uint8, and batches of their images on a device."""

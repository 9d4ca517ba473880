"""Data: any dataset to a uint8 image store, and from there to batches on a device."""

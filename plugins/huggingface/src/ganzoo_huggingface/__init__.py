"""Datasets of the Hugging Face library for ganzoo: saved, Parquet, WebDataset or from the Hub."""

"""Dataset recipes and their data: fetch, verify, convert, crop."""

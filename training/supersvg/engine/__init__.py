"""The training loop, checkpoints, events and metrics; knows no model."""

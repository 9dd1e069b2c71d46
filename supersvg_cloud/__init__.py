"""The orchestrator: picks, launches, watches and tears down; runs on a laptop and never imports torch."""

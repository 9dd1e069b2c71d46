"""The heart: the steps of each journey and the ledger."""

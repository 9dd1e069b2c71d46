"""Typer commands: parse, call one function, print. No decision lives here."""

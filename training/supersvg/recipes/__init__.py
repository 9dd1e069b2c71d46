"""Typed configurations: everything the command line, YAML and docs can change is defined here, once."""

"""Connection, sync, bootstrap, container, watch. Knows hosts, knows no provider."""

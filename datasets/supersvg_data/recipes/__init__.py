"""One small declarative description per dataset; standard library only."""

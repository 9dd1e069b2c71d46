"""One module per company (or this machine) that rents hosts, behind one small protocol."""

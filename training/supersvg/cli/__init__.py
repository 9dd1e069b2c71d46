"""`python -m supersvg`: train, evaluate, vectorize."""

"""Networks of other makers, written from their papers with the parameter names of their published checkpoints."""

"""Vectors for texts, made by the model that the operator chose."""

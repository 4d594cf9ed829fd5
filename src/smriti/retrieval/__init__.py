"""Finding: rankings of a partition's texts, knowing nothing of who asks."""

"""What users suffered: from the seconds of a drill's traffic to when they suffered first, and were well again."""

"""Where a class, or a unit, looks: over the live picture, and by several methods side by side."""

"""What was answered over time, and drag paths played again."""

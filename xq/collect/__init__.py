"""What is missing from the lake, and bringing it in."""

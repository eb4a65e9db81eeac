"""What is told of objects, and to whom."""

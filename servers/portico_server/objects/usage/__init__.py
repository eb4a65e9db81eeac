"""What is counted of operations and of bytes, and what it costs."""

"""What all products share. Imports nothing of the host, the gateway or a product."""

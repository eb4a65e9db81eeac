"""End-to-end tests: through a running gateway."""

"""Every SQL statement of this product, one file a noun. Writes are answered as Statements for the domain to batch."""

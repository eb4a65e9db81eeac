"""Every SQL statement of the product, one function each."""

"""Foreign protocols for objects: each builds messages of the contract."""

"""What the contracts' methods become: requests in, a call of the domain, responses out."""

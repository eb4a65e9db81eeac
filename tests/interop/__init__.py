"""What other clients and stock servicers make of the hosts."""

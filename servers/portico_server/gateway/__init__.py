"""What every call passes, and the gateway's own services. Names no product."""

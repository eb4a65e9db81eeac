"""The products' clients, one file a product; each operation is written once for both clients (see `portico._steps`)."""

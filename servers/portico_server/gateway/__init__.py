"""What every call passes, and the gateway's own services. Names no product.

gateway.py is what the composition root opens; pipeline.py says which steps there are and in which order.
"""

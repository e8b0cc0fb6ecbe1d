"""Training of the small networks that are shipped. The only package that imports torch."""

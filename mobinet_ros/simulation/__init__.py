"""A simulated world as messages: published by sim_node, or written into a bag."""

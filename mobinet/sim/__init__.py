"""A simulated world of mobile cameras with exact ground truth, rendered by MuJoCo."""

"""What turns a camera: one file a kind of camera."""

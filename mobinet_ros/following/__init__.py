"""Which object a camera shall follow, and the action that asks for it."""

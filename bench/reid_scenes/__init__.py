"""Views of objects by several cameras with the truth: drawn as numbers, and rendered."""

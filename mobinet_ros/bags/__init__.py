"""``mobinet play`` and ``mobinet record``: bags over the live graph."""

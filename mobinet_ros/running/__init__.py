"""``mobinet up`` and ``mobinet demo``: run a rig, watch it, bring back what dies."""

"""How fast events are decoded and counted: the streams, the work, the clock."""

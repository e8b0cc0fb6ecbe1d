"""Random scenes before an RGB camera and an event camera on one robot, by day, at night and in fast motion."""

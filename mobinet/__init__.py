"""mobinet: detection, tracking, re-identification and shared identities for networks of mobile cameras."""

__version__ = "0.1.0"

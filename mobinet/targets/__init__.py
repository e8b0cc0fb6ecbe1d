"""One chosen object of one camera: siamese matching, and what corrects its errors."""

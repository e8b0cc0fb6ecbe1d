"""Recordings and cameras: images in, bags and data set files in and out."""

"""Puts this folder on the path, so that tests find the helpers in it."""

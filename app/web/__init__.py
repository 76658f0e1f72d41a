"""The HTTP edge: health, version, and the page to call with."""

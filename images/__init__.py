"""Building the images of the Dockerfile, with whichever engine is here."""

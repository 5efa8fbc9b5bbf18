"""The demo model: an image-text model that knows nothing but the scenes of the sample library, trained in minutes."""

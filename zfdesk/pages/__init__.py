"""Paper pages, composed from a view, a folder of pictures or a training run."""

"""Teaching the network one's own classes."""

"""The live picture, its layers, feature maps, the selected unit, its classes and pins."""

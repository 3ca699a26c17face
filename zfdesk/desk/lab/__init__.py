"""Pictures that are made: what a unit would like to see, what fools the network, what a layer still knows."""

"""What leads to Exosphere: a graph in the form that its state manager takes."""

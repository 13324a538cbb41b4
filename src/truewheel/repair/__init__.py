"""What is to be done so that a wheel brings, or finds, the libraries that it needs: plans as data. Pure."""

"""What is minimised: costs, their arithmetic and their conventions."""

"""What is minimized: costs, their arithmetic and their conventions."""

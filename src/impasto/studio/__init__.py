"""The web page: stylizing, trained networks and the microscope in a browser."""

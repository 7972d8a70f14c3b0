"""How signals of each medium enter the network, and how what comes out is shown."""

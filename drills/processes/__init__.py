"""Programs of other people: run within a limit, ended with all that they started, told from later ones of their id."""

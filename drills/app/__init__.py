"""What can be done, as functions: every user interface calls them, so that permissions are checked here only."""

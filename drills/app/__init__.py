"""What can be done, as functions: every surface calls them, and none decides by itself who may see and do what."""

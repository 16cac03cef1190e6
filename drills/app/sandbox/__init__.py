"""Operating the sandbox: what is done to it during a drill is the responder's action, and kept as such."""

"""Operating the sandbox: during a drill, every operation is recorded as an action of the responder."""

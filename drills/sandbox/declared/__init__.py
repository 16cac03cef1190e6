"""A team's own compose project as the sandbox: its services by the names that their owner gave them."""

"""The command line: parse, call, print. Whatever is heavy is imported by the command that needs it."""

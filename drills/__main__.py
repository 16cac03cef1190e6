"""`python -m drills` is `drills`."""

from drills.cli.main import main

if __name__ == "__main__":
    main()

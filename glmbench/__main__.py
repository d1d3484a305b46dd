"""`python -m glmbench`."""

from glmbench.cli.main import main

if __name__ == "__main__":
    main()

"""``python -m rolecall``."""

from rolecall.cli import main

if __name__ == "__main__":
    main()

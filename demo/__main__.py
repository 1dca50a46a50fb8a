import sys

if sys.argv[1:] == ["check"]:
    # Without the other commands' imports: a container's health check runs this every few seconds.
    from demo.live.check import main_check

    sys.exit(main_check())

from demo.cli import main

if __name__ == "__main__":
    main()

"""The command `spikeboard`."""

import sys

from spikeboard._where import app_folder


def main() -> int:
    """Start the app, look at a file (`spikeboard doctor FILE`), or manage accounts (`spikeboard user …`)."""
    if sys.argv[1:2] == ["user"]:
        from spikeboard.hosting.accounts import main as accounts

        return accounts(sys.argv[2:])
    if sys.argv[1:2] == ["doctor"]:
        from spikeboard.doctor.words import main as doctor

        return doctor(sys.argv[2:])
    sys.path.insert(0, str(app_folder()))
    from app import main as serve

    return serve(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

"""How many files, and so connections, this process may have open."""

import resource


def allow_all() -> None:
    """Raise the soft bound to the hard one, for this process and those it starts.

    Shells and systemd set 1,024, which is kept so low for programs that use select(2) (systemd.exec(5), LimitNOFILE); it is
    500 streams, each with two connections.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

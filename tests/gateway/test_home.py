"""The home folder: private, and with one secret for good."""

from gateway.home import Home


def test_the_seed_is_made_once_and_is_private(tmp_path):
    home = Home(tmp_path / "deep" / "home")
    seed = home.seed()
    assert Home(home.path).seed() == seed
    assert (home.path / "seed").stat().st_mode & 0o777 == 0o600
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert Home(tmp_path / "other").seed() != seed

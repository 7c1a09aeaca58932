"""Keys are found by digest, in either header, and nobody's key is nobody's."""

from gateway.config.compiled import Team
from gateway.keys import KeyRing, Owner, bearer, digest

RING = KeyRing({"pay": Team(name="pay", digests=(digest(b"k1"), digest(b"k2")))}, [digest(b"root")])


def test_both_headers_carry_the_key():
    assert bearer({b"authorization": b"Bearer k1"}) == b"k1"
    assert bearer({b"authorization": b"bearer  k1 ", b"x-api-key": b"k2"}) == b"k1"
    assert bearer({b"authorization": b"Bearer ", b"x-api-key": b"k2"}) == b"k2"
    assert bearer({}) == b""


def test_whose_key_it_is():
    assert RING.team(b"k1") == RING.team(b"k2") == "pay"
    assert RING.team(b"") is None
    assert RING.team(b"root") is None
    assert RING.owner(b"k1") == Owner(team="pay", key_id=digest(b"k1").hex()[:12])
    assert RING.is_admin(b"root")
    assert not RING.is_admin(b"k1")
    assert RING.configured
    assert not KeyRing({}).configured

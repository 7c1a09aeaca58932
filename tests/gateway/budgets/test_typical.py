"""What answers cost beyond the estimate is learned by model, and bounded."""

from gateway.budgets.typical import MODELS_MAX, Beyond, Typical


def test_it_follows_what_is_seen():
    typical = Typical()
    assert typical.of("m") == Beyond(picos=0, tokens=0)
    typical.learn("m", 800, 80)
    assert typical.of("m") == Beyond(picos=800, tokens=80)
    for _ in range(100):
        typical.learn("m", 1600, 0)
    assert 1590 <= typical.of("m").picos <= 1600
    assert typical.of("m").tokens == 0
    assert typical.of("other").picos == 0


def test_names_from_clients_do_not_pile_up():
    typical = Typical()
    for number in range(MODELS_MAX + 10):
        typical.learn(f"m{number}", 1, 1)
    assert len(typical._beyond) <= MODELS_MAX

"""The score of words: bounded, and its parts can be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.text import SCORE_MAX, telling, text_score
from routing.weights import weights


@pytest.mark.parametrize(
    ("code", "prose"),
    [
        ("write a regex that matches dates", "write a poem about the sea"),
        ("用python写一个快速排序", "写一首关于春天的诗"),
        ("Schreibe eine Funktion, die Primzahlen findet", "Schreibe einen Brief an meine Vermieterin"),
        ("напиши sql запрос", "напиши рассказ о море"),
        ("정규식으로 이메일 검증하는 코드", "봄에 대한 시를 써줘"),
        ("この関数をリファクタリングして", "母への手紙を書いて"),
        ("crea una función en JavaScript", "escribe un cuento para niños"),
        ("écris un script bash", "écris une lettre d'amour"),
        ("escreva uma query SQL", "escreva um poema"),
    ],
)
def test_code_scores_above_prose(code: str, prose: str) -> None:
    learned = weights()
    assert text_score(code, learned) > 0 > text_score(prose, learned)


@given(st.text(max_size=300))
def test_the_score_is_bounded(text: str) -> None:
    assert -SCORE_MAX <= text_score(text, weights()) <= SCORE_MAX


def test_what_moved_it_can_be_told() -> None:
    told = telling("write a regex that matches dates", weights(), most=8)
    assert len(told) == 8
    assert [abs(share) for _, share in told] == sorted((abs(share) for _, share in told), reverse=True)
    assert any("regex" in gram for gram, _ in told)

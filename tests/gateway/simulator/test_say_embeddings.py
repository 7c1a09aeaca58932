"""Embeddings as the vendor's own client reads them."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.gateway.simulator.rig import serving


@pytest.fixture(scope="module")
def client() -> Iterator[OpenAI]:
    with serving() as served, OpenAI(base_url=f"{served.base}/v1", api_key="k", max_retries=0) as found:
        yield found


def test_a_vector_is_a_unit_and_its_input_s_own(client):
    one, same, other = client.embeddings.create(model="text-embedding-3-small", input=["a", "a", "b"]).data
    assert len(one.embedding) == 1536
    assert sum(number * number for number in one.embedding) == pytest.approx(1, abs=1e-4)
    assert one.embedding == same.embedding != other.embedding
    assert [one.index, same.index, other.index] == [0, 1, 2]


def test_numbers_and_base64_are_the_same_vector(client):
    packed = client.embeddings.create(model="text-embedding-3-small", input="a").data[0]
    plain = client.embeddings.create(model="text-embedding-3-small", input="a", encoding_format="float").data[0]
    assert packed.embedding == pytest.approx(plain.embedding)


@pytest.mark.parametrize(("asked", "size"), [({}, 3072), ({"dimensions": 256}, 256), ({"dimensions": 10**9}, 4096)])
def test_as_long_as_asked_within_reason(client, asked, size):
    answer = client.embeddings.create(model="text-embedding-3-large", input="a", **asked)
    assert len(answer.data[0].embedding) == size


def test_tokens_of_all_inputs_are_counted(client):
    one = client.embeddings.create(model="text-embedding-3-small", input="hello").usage
    two = client.embeddings.create(model="text-embedding-3-small", input=["hello", "hello"]).usage
    assert two.prompt_tokens == 2 * one.prompt_tokens == two.total_tokens
    assert client.embeddings.create(model="text-embedding-3-small", input=[1, 2, 3]).usage.prompt_tokens > 0

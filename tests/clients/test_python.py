"""Python programs: the vendors' SDKs, LangChain, llm, aider."""

import subprocess

from tests.clients.install import FOLDER

LANGCHAIN = """
from langchain_openai import ChatOpenAI
model = ChatOpenAI(model="auto", base_url="{base}/v1", api_key="k")
print(model.invoke("[[say: from langchain]]").content)
print("".join(chunk.content for chunk in model.stream("[[say: streamed]]")))
"""
SDKS = """
from anthropic import Anthropic
from openai import OpenAI
openai = OpenAI(base_url="{base}/v1", api_key="k")
print(openai.chat.completions.create(model="auto", messages=[dict(role="user", content="[[say: chat]]")]).choices[0].message.content)
for chunk in openai.chat.completions.create(model="auto", stream=True, messages=[dict(role="user", content="[[say: a]]")]):
    assert chunk.choices[0] is not None
print(openai.responses.create(model="auto", input="[[say: responses]]").output_text)
with openai.responses.stream(model="auto", input="[[say: strict stream]]") as stream:
    stream.until_done()
    print(stream.get_final_response().output_text)
print(len(openai.embeddings.create(model="text-embedding-3-small", input="words").data[0].embedding))
print([model.id for model in openai.models.list()][0])
anthropic = Anthropic(base_url="{base}", api_key="k")
ask = dict(model="claude-auto", max_tokens=100)
print(anthropic.messages.create(messages=[dict(role="user", content="[[say: messages]]")], **ask).content[0].text)
with anthropic.messages.stream(messages=[dict(role="user", content="[[say: message stream]]")], **ask) as stream:
    print(stream.get_final_text())
print(anthropic.messages.count_tokens(model="claude-auto", messages=[dict(role="user", content="words")]).input_tokens)
"""


def test_the_vendors_sdks(desk):
    told = desk.run(desk.gateway.process.args[0], "-c", SDKS.format(base=desk.gateway.base)).splitlines()
    assert told[:3] == ["chat", "responses", "strict stream"]
    assert told[3] == "1536"
    assert told[5:7] == ["messages", "message stream"]
    assert {row["client"] for row in desk.gateway.rows()} == {"openai-python", "anthropic-python"}
    assert all(row["exact"] for row in desk.gateway.rows())


def test_langchain(desk):
    python = FOLDER / "langchain-openai" / "bin" / "python"
    told = desk.run(python, "-c", LANGCHAIN.format(base=desk.gateway.base)).splitlines()
    assert told == ["from langchain", "streamed"]
    assert all(row["exact"] and row["output"] for row in desk.rows("openai-python"))


def test_llm(desk):
    llm = FOLDER / "llm" / "bin" / "llm"
    user = desk.home / "llm"
    user.mkdir()
    (user / "extra-openai-models.yaml").write_text(
        f"- model_id: auto\n  model_name: auto\n  api_base: {desk.gateway.base}/v1\n  api_key_name: pointsman\n"
    )
    (user / "keys.json").write_text('{"pointsman": "k"}')
    assert desk.run(llm, "-m", "auto", "[[say: from llm]]", LLM_USER_PATH=str(user)).strip() == "from llm"
    (row,) = desk.gateway.rows()
    assert row["exact"]


def test_aider(desk):
    aider = FOLDER / "aider-chat" / "bin" / "aider"
    (desk.desk / "hello.py").write_text("print('hello')\n")
    subprocess.run(["git", "-C", desk.desk, "add", "."], check=True)
    desk.run(
        aider, "--model", "openai/auto", "--no-git", "--yes-always", "--no-show-model-warnings", "--no-check-update",
        "--analytics-disable", "--message", "rename the greeting in hello.py", "hello.py",
        OPENAI_API_BASE=f"{desk.gateway.base}/v1", OPENAI_API_KEY="k",
    )  # fmt: skip
    rows = desk.gateway.rows()
    assert rows
    assert {row["route"] for row in rows} == {"code"}
    assert all(row["exact"] and row["output"] for row in rows)

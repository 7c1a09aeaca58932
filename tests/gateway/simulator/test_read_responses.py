"""How a Responses request becomes blocks, with items of any kind."""

from gateway.simulator.read_responses import read

GREP = {"type": "function", "name": "grep"}


def test_a_text_is_a_user_s_turn():
    one, two = read({"model": "m", "input": "hello"}), read({"model": "m", "input": [{"role": "user", "content": "hello"}]})
    assert one.blocks == two.blocks
    assert one.blocks[0].turn_end


def test_the_order_is_tools_instructions_earlier_items():
    earlier = read({"model": "m", "input": "before"}).blocks
    prompt = read({"model": "m", "instructions": "rules", "tools": [GREP], "input": "now"}, earlier)
    assert [one.section for one in prompt.blocks] == ["tools", "system", "messages", "messages"]
    assert prompt.blocks[2] == earlier[0]


def test_every_item_is_a_block_and_results_end_a_turn():
    items = [{"type": "reasoning", "encrypted_content": "x"}, {"type": "function_call", "name": "grep"},
             {"type": "function_call_output", "output": "y"}, {"type": "custom_tool_call_output", "output": "z"},
             {"type": "unheard_of", "a": 1}]  # fmt: skip
    prompt = read({"model": "m", "input": items})
    assert [one.turn_end for one in prompt.blocks] == [False, False, True, True, False]
    assert prompt.results == 2


def test_ids_are_no_part_of_the_prompt():
    one, two = (read({"model": "m", "input": [{"type": "function_call", "id": id_, "name": "f"}]}) for id_ in "ab")
    assert one.blocks == two.blocks


def test_a_compaction_ends_the_search_for_what_was_told():
    items = [{"role": "user", "content": "[[say: old]]"}, {"type": "compaction", "encrypted_content": "x"}]
    assert read({"model": "m", "input": items}).user_text == ""
    assert read({"model": "m", "input": [*items, {"role": "user", "content": "new"}]}).user_text == "new"


def test_a_compaction_trigger_asks_and_is_no_block():
    prompt = read({"model": "m", "input": [{"role": "user", "content": "a"}, {"type": "compaction_trigger"}]})
    assert prompt.compacts
    assert len(prompt.blocks) == 1


def test_tools_are_found_wherever_clients_put_them():
    functions = {"type": "namespace", "name": "functions", "tools": [GREP]}
    shell = {"type": "namespace", "name": "shell", "tools": [{"type": "custom", "name": "run"}]}
    items = [{"type": "additional_tools", "tools": [functions]}, {"type": "tool_search_output", "tools": [shell]}]
    offered = read({"model": "m", "input": items, "tools": [{"type": "function", "name": "top"}]}).tools
    assert {name: (tool.namespace, tool.custom) for name, tool in offered.items()} == {
        "grep": ("", False), "run": ("shell", True), "top": ("", False)}  # fmt: skip

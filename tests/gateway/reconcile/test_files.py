"""Bills in files, in every form they come in."""

import json

import pytest

from gateway.reconcile.files import add_file
from gateway.reconcile.pages import NotABill
from gateway.reconcile.types import Bill

RESULT = {"input_tokens": 10, "output_tokens": 2, "model": "m", "num_model_requests": 1, "api_key_id": "k"}
PAGE = {"data": [{"start_time": 86_400, "results": [RESULT]}]}
CSV = "start_time,end_time,model,api_key_id,input_tokens,output_tokens,num_model_requests\n86400,172800,m,k,10,2,1\n"


def read(folder, text):
    bill = Bill(used={}, costs=[], usage_days=set(), cost_days=set())
    (folder / "bill").write_text(text)
    add_file(bill, folder / "bill")
    return bill


@pytest.mark.parametrize("text", [json.dumps(PAGE), json.dumps([PAGE]), json.dumps(PAGE) + "\n\n", "\ufeff" + CSV, CSV])
def test_one_page_in_any_form(tmp_path, text):
    ((place, used),) = read(tmp_path, text).used.items()
    assert (place.day, place.key, used.requests, used.tokens) == (1, "k", 1, {"input": 10, "output": 2})


def test_a_page_a_line(tmp_path):
    ((_, used),) = read(tmp_path, f"{json.dumps(PAGE)}\n{json.dumps(PAGE)}\n").used.items()
    assert used.requests == 2


@pytest.mark.parametrize("text", ["", "{", "a,b\n1,2\n", '{"data": 3}', CSV.replace("10,2,1", "ten,2,1")])
def test_what_is_no_bill_names_the_file(tmp_path, text):
    with pytest.raises(NotABill, match="bill"):
        read(tmp_path, text)

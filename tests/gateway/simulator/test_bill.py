"""The bill forgets rows when it is full, and money never."""

from gateway.simulator.bill import Bill, Row


def row(picos: int | None, reported: bool = True) -> Row:
    return Row("id", "key", "m", "chat", {}, picos, reported, "finished", 0.0, None)


def test_totals_outlive_rows():
    bill = Bill(rows_max=2)
    for picos, reported in ((5, True), (None, True), (7, False), (1, True)):
        bill.add(row(picos, reported))
    assert [one.picos for one in bill.rows] == [7, 1]
    assert (bill.count, bill.picos, bill.unpriced, bill.unreported) == (4, 13, 1, 1)
    bill.clear()
    assert (len(bill.rows), bill.count, bill.picos, bill.unpriced, bill.unreported) == (0, 0, 0, 0, 0)

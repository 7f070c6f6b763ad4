"""`--redis-url` takes the place of the embedded server; the summary is a table unless JSON is asked for."""


def test_a_redis_of_ones_own_holds_the_ledger(folder, start, redis_url) -> None:
    folder.write("tick", schedule="* * * * * *")
    dev = start("--for", "2", "--redis-url", redis_url)

    dev.said("default/tick Succeeded")
    assert "server" not in folder.pids()

    assert dev.end() == 0
    heading, row = dev.output[-2:]
    assert heading.split()[:6] == ["TASK", "CLASS", "DUE", "RAN", "DOUBLED", "LOST"]
    assert row.split()[:6] == ["default/tick", "Light", "2", "2", "0", "0"]

"""Whether this client bears servers that do not behave; halfopen holds them in a state."""
import http.client
import subprocess

import pytest


@pytest.fixture
def stage():
    """stage("silent"), stage("reset", "--first", "1"): where such a server is, for one test."""
    running = []

    def begin(*state):
        process = subprocess.Popen(
            ["halfopen", "stage", *state, "--listen", "127.0.0.1:0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        # "listening on 127.0.0.1:40123: silent"
        host, port = process.stdout.readline().split()[2].split(":")[:2]
        return host, int(port)

    yield begin
    for process in running:
        met, _ = process.communicate(timeout=10)  # its standard input is closed: it ends
        print(met)
        assert process.returncode == 0, "the server was not in that state all the time"


# The client that is tested: yours.
def ask(server, tries=1):
    for left in reversed(range(tries)):
        connection = http.client.HTTPConnection(*server, timeout=1)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        except OSError:
            if not left:
                raise
        finally:
            connection.close()


@pytest.mark.parametrize("state", ["silent", "unaccepted", "dropped", "slow=1/10s"])
def test_a_client_gives_up(stage, state):
    with pytest.raises(TimeoutError):
        ask(stage(state))


def test_a_client_is_told_that_nobody_listens(stage):
    with pytest.raises(ConnectionRefusedError):
        ask(stage("refused"))


def test_a_client_tries_again(stage):
    assert ask(stage("reset", "--first", "2"), tries=3) == 200

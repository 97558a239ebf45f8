"""``xq sim --faults --admin-port``: what is wrong is said before anything is served."""

import json
import signal
import socket
import subprocess
import sys

import requests


def started(*arguments, cwd):
    return subprocess.Popen(
        [sys.executable, "-m", "xq", "sim", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )


def refused(*arguments, cwd):
    process = started(*arguments, cwd=cwd)
    out, err = process.communicate(timeout=60)
    assert out == ""
    assert "Traceback" not in err
    return process.returncode, err


def test_a_script_is_in_force_from_the_first_request(tmp_path):
    script = tmp_path / "faults.toml"
    script.write_text(
        '[[fault]]\ndo = "unavailable"\nowner = "alice"\n[[fault]]\ndo = "ban"\nat = 2'
    )
    process = started("--faults", "faults.toml", "--account", "alice", cwd=tmp_path)
    report = json.loads(process.stdout.readline())
    faults = requests.get(f"{report['admin']}/faults", timeout=30).json()
    assert [fault["name"] for fault in faults] == ["unavailable-1", "ban-1"]
    ping = f"{report['url']}/fapi/v1/ping"
    assert [requests.get(ping, timeout=30).status_code for _ in range(3)] == [200, 418, 200]
    process.send_signal(signal.SIGTERM)
    _, notes = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"# status page, faults and time: {report['admin']}\n" in notes


def test_what_is_wrong_with_a_script_is_said_with_its_line(tmp_path):
    (tmp_path / "faults.toml").write_text('[[fault]]\ndo = "reset"\n\nevery = 5\n')
    code, err = refused("--faults", "faults.toml", cwd=tmp_path)
    assert code == 3
    assert "'reset' knows no key 'every'" in err
    assert "faults.toml:4" in err
    assert not (tmp_path / "state").exists()


def test_accounts_and_markets_that_there_are_not(tmp_path):
    for line, said in (
        ('owner = "alice"', "no account named 'alice'"),
        ('symbol = "BTCUSD"', "no market named 'BTCUSD'; did you mean 'BTCUSDT'?"),
    ):
        (tmp_path / "faults.toml").write_text(f'[[fault]]\nname = "x"\ndo = "reset"\n{line}\n')
        code, err = refused("--faults", "faults.toml", cwd=tmp_path)
        assert code == 2
        assert said in err
        assert "fault x" in err


def test_a_script_that_is_not_there(tmp_path):
    code, err = refused("--faults", "none.toml", cwd=tmp_path)
    assert code == 3
    assert "cannot read the faults" in err


def test_an_admin_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, err = refused("--admin-port", str(port), cwd=tmp_path)
    assert code == 2
    assert f"cannot listen on port {port} for administration" in err
    assert "--admin-port 0" in err

"""What changes in portico.toml while a platform runs: told by the command line, and taken by the next start."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.e2e.test_cli import TIMEOUT_SECONDS, command, environment
from tests.harness.layouts import BY_COMMAND

pytestmark = BY_COMMAND


def test_what_changes_in_the_settings_file_is_told_by_restart_and_config_and_taken_by_down_and_up(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    file = data / "portico.toml"
    doors = "".join(f'{name} = "127.0.0.1:0"\n' for name in ("listen", "web_listen", "s3_listen"))
    file.write_text(doors + "max_streams = 50\n")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command(*arguments, "--data", data),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            env=environment(tmp_path),
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def in_force() -> int:
        return int(json.loads(run("config", "--output", "json").stdout)["max_streams"])

    assert in_force() == 50, "nothing runs: what would be"
    try:
        run("up", "--detach", "--set", "log_level=warning")
        assert run("config").stderr == ""
        assert "after down and up" not in run("config").stdout
        file.write_text(doors + "max_streams = 70\n")
        shown = run("config")
        assert re.search(rf"^max_streams +50 +{re.escape(str(file))} +70$", shown.stdout, re.MULTILINE), shown.stdout
        assert re.search(r"^log_level +warning +option *$", shown.stdout, re.MULTILINE), shown.stdout
        assert "wait: max_streams\n" in shown.stderr
        restarted = run("restart")
        assert restarted.stdout == "restarted\n"
        assert re.search(r"started with: max_streams; they wait for `portico down` and `portico up`$", restarted.stderr)
        assert in_force() == 50
        run("down")
        run("up", "--detach")
        assert (in_force(), run("restart").stderr) == (70, "")
    finally:
        subprocess.run(
            command("down", "--data", data), capture_output=True, timeout=TIMEOUT_SECONDS, env=environment(tmp_path)
        )

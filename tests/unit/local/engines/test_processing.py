"""A processing container's `/opt/ml`: a folder of the job's, for arguments and for Python's file functions alike."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.local.engines.processing_folder import ProcessingFolder

LAUNCHER = Path(__file__).parents[4] / "src/crosswind/local/engines/launchers/processing_launcher.py"
ROOT = Path("/jobs/one/ml")
PLAIN = st.text(st.characters(blacklist_characters="/=\0", blacklist_categories=("Cs",)), max_size=12)


class Nowhere(ProcessingFolder):
    """A folder that is not made."""

    def __init__(self) -> None:
        self.root = ROOT


@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("/opt/ml/processing/input", f"{ROOT}/processing/input"),
        ("/opt/ml", f"{ROOT}"),
        ("--in=/opt/ml/processing/input", f"--in={ROOT}/processing/input"),
        ("/opt/mlx/processing", "/opt/mlx/processing"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
        ("2024", "2024"),
    ],
)
def test_arguments_name_the_jobs_folder(word: str, becomes: str) -> None:
    assert Nowhere().words([word]) == [becomes]


@given(st.lists(PLAIN, max_size=4))
def test_other_words_stay_as_they_are(words: list[str]) -> None:
    assert Nowhere().words(words) == words


@given(PLAIN, PLAIN)
def test_what_follows_the_folder_stays(name: str, rest: str) -> None:
    assert Nowhere().words([f"--{name}=/opt/ml/{rest}"]) == [f"--{name}={ROOT}/{rest}"]


@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=1500))
def test_a_message_is_cut_at_a_kilobyte_and_at_a_character(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = ProcessingFolder(tmp_path_factory.mktemp("ml"))
    (folder.root / "output/message").write_bytes(text.encode())
    message = folder.message()
    assert text.startswith(message)
    assert len(message.encode()) <= 1024
    assert message == text or len(message.encode()) > 1020


def test_no_message_is_an_empty_one_and_bytes_are_an_error(tmp_path: Path) -> None:
    folder = ProcessingFolder(tmp_path)
    assert folder.message() == ""
    (tmp_path / "output/message").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="utf-8"):
        folder.message()


SCRIPT = """
import glob, io, os, pathlib, shutil, sys, tempfile
home = pathlib.Path("/opt/ml/processing")
assert home.is_dir() and os.path.exists(b"/opt/ml/processing") and not os.path.exists("/opt/ml/none")
os.makedirs("/opt/ml/processing/output/a/b")
with open("/opt/ml/processing/output/a/b/x.txt", "w") as file:
    file.write("hello")
os.rename("/opt/ml/processing/output/a/b/x.txt", home / "output/a/y.txt")
shutil.copytree("/opt/ml/processing/output/a", "/opt/ml/processing/output/c")
shutil.rmtree(home / "output/a")
assert io.open("/opt/ml/processing/output/c/y.txt").read() == "hello"
assert open(file="/opt/ml/processing/output/c/y.txt", mode="rb").read() == b"hello"
shutil.copy2("/opt/ml/processing/output/c/y.txt", "/opt/ml/processing/output/z.csv")
assert sorted(os.listdir("/opt/ml/processing/output/c")) == ["b", "y.txt"]
assert [pathlib.Path(p).name for p in glob.glob("/opt/ml/processing/output/c/*.txt")] == ["y.txt"]
assert [names for _, _, names in os.walk("/opt/ml/processing/output/c")][0] == ["y.txt"]
os.symlink("/opt/ml/processing/output/c/y.txt", "/opt/ml/processing/output/link")
assert open("/opt/ml/processing/output/link").read() == "hello"
assert list(pathlib.Path("/opt/ml/processing/output").rglob("*.txt"))
(home / "output/made").mkdir()
os.chdir("/opt/ml/processing/output")
with tempfile.TemporaryFile() as file:
    file.write(b"elsewhere")
assert open(0).fileno() == 0
try:
    open("/opt/ml/processing/none")
except FileNotFoundError:
    print(sys.argv[1:])
"""


def run(root: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (root / "processing/input").mkdir(parents=True)
    file = root / "processing/input/script.py"
    file.write_text(script)
    command = [sys.executable, "-P", str(LAUNCHER), str(root), str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_pythons_file_functions_find_the_folder_under_its_usual_name(tmp_path: Path) -> None:
    done = run(tmp_path / "ml", SCRIPT, "--rows", "2")
    assert (done.returncode, done.stdout) == (0, "['--rows', '2']\n"), done.stderr
    assert (tmp_path / "ml/processing/output/c/y.txt").read_text() == "hello"


def test_modules_beside_the_script_are_found(tmp_path: Path) -> None:
    root = tmp_path / "ml"
    (root / "processing/input").mkdir(parents=True)
    (root / "processing/input/words.py").write_text("HELLO = 'hello'\n")
    (root / "processing/input/script.py").write_text("import words\nprint(words.HELLO)\n")
    command = [sys.executable, "-P", str(LAUNCHER), str(root), str(root / "processing/input/script.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "hello\n"


@pytest.mark.parametrize(
    ("script", "code"),
    [("raise SystemExit", 0), ("raise SystemExit(7)", 7), ("raise SystemExit('no')", 1), ("1/0", 1), ("", 0)],
)
def test_how_a_script_leaves_is_the_containers_exit_code(tmp_path: Path, script: str, code: int) -> None:
    assert run(tmp_path / "ml", script).returncode == code


def test_the_configuration_files(tmp_path: Path) -> None:
    folder = ProcessingFolder(tmp_path)
    output = {"OutputName": "o", "S3Output": {"LocalPath": "/opt/ml/processing/output/deep/o"}}
    request = {
        "ProcessingJobName": "j",
        "Tags": [{"Key": "secret", "Value": "no"}],
        "ProcessingOutputConfig": {"Outputs": [output]},
    }
    folder.configure(request, "arn:j")
    config = json.loads((tmp_path / "config/processingjobconfig.json").read_text())
    assert config["ProcessingJobArn"] == "arn:j"
    assert config["ProcessingJobName"] == "j"
    assert "Tags" not in config
    resources = json.loads((tmp_path / "config/resourceconfig.json").read_text())
    assert resources == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert (tmp_path / "processing/output/deep/o").is_dir()

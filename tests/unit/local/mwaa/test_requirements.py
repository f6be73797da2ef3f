from pathlib import Path

import pytest

from crosswind.local.mwaa.requirements import local_packages, read_requirements

PLUGINS, DAGS = Path("/env/plugins"), Path("/env/dags")


def read(text: str):
    return read_requirements(text.encode(), PLUGINS, DAGS)


def test_the_folders_of_mwaa_are_mapped():
    found = read(
        "--find-links /usr/local/airflow/plugins\n"
        "--constraint /usr/local/airflow/dags/pins.txt\n"
        "/usr/local/airflow/plugins/wheels/a-1-py3-none-any.whl\ncrosswind==0.1.0\n"
    )
    assert found.text == (
        "--find-links /env/plugins\n--constraint /env/dags/pins.txt\n"
        "/env/plugins/wheels/a-1-py3-none-any.whl\ncrosswind==0.1.0\n"
    )
    assert found.own_constraints
    assert not found.empty


def test_a_folder_that_only_starts_alike_is_not_mapped():
    with pytest.raises(ValueError, match="plugins-old"):
        read("--find-links /usr/local/airflow/plugins-old\n")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("pandas\n", False),
        ("-c pins.txt\npandas\n", True),
        ("--constraint https://example.com/c.txt\n", True),
        # MWAA's own check reads comments too: this is how users switch the constraints off.
        ("# --constraint none\npandas\n", True),
    ],
)
def test_constraints_of_ones_own(text: str, own: bool):
    assert read(text).own_constraints is own


@pytest.mark.parametrize("text", ["", "\n# only a comment\n", "--find-links /usr/local/airflow/plugins\n"])
def test_a_file_that_asks_for_nothing(text: str):
    assert read(text).empty


def test_windows_files_are_read():
    assert read_requirements(b"\xef\xbb\xbfa==1\r\nb==2\r\n", PLUGINS, DAGS).text == "a==1\nb==2\n"


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(ValueError, match="UTF-8"):
        read_requirements(b"\xff\xfe\x00", PLUGINS, DAGS)


def test_wheels_and_archives_are_found_wherever_they_lie(tmp_path: Path):
    (tmp_path / "wheels").mkdir()
    for name in ("wheels/my_lib-1.0-py3-none-any.whl", "other-thing-2.0.tar.gz", "plugin.py"):
        (tmp_path / name).touch()
    assert local_packages(tmp_path) == ("my-lib", "other-thing")

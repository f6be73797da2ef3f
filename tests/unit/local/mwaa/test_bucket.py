from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.local.mwaa.bucket import BucketError, DagMirror, EnvironmentBucket


class Bucket(EnvironmentBucket):
    """A bucket whose objects are a dictionary; counts what is read."""

    def __init__(self, objects: dict[str, str]) -> None:
        self.name = "hub"
        self.contents = objects
        self.read_keys: list[str] = []

    def objects(self, prefix: str) -> dict[str, str]:
        return {key: f'"{hash(text)}"' for key, text in self.contents.items() if key.startswith(prefix)}

    def read(self, key: str) -> bytes | None:
        self.read_keys.append(key)
        text = self.contents.get(key)
        return None if text is None else text.encode()


def test_the_folder_becomes_like_the_bucket_and_only_changes_are_read(tmp_path: Path):
    bucket = Bucket({"dags/": "", "dags/a.py": "1", "dags/sub/b.py": "2", "other/c.py": "3"})
    mirror = DagMirror(bucket, "dags", tmp_path / "dags")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "left.py").write_text("of an older world")
    assert set(mirror.sync()) == {"a.py", "sub/b.py", "left.py"}
    assert (tmp_path / "dags" / "sub" / "b.py").read_text() == "2"
    assert not (tmp_path / "dags" / "left.py").exists()
    assert not (tmp_path / "dags" / "c.py").exists()
    bucket.contents["dags/a.py"] = "changed"
    del bucket.contents["dags/sub/b.py"]
    bucket.read_keys.clear()
    assert set(mirror.sync()) == {"a.py", "sub/b.py"}
    assert bucket.read_keys == ["dags/a.py"]
    assert (tmp_path / "dags" / "a.py").read_text() == "changed"
    assert mirror.sync() == ()


@pytest.mark.parametrize("key", ["dags/../x.py", "dags//x.py", "dags/./x.py", "dags/a/../../x.py"])
def test_a_key_that_leads_elsewhere_is_not_written(tmp_path: Path, key: str):
    DagMirror(Bucket({key: "1"}), "dags", tmp_path / "dags").sync()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_compiled_files_of_pythons_own_stay(tmp_path: Path):
    mirror = DagMirror(Bucket({"dags/a.py": "1"}), "dags/", tmp_path)
    mirror.sync()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").touch()
    assert mirror.sync() == ()


class Denied:
    arn = "arn:aws:iam::111111111111:role/mwaa"

    def client(self, service: str) -> Any:
        return self

    def get_bucket_versioning(self, **_: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetBucketVersioning")


def test_a_refusal_names_the_bucket_and_who_was_refused():
    with pytest.raises(BucketError, match=r"bucket hub as arn:aws:iam::111111111111:role/mwaa.*AccessDenied"):
        EnvironmentBucket(Denied(), "hub").check()  # type: ignore[arg-type]  # as much of a role as is asked for

from crosswind.local.mwaa.versions import constraints_of, newest, offered


def test_the_newest_is_the_default():
    assert newest() == "3.3.1"
    assert newest() in offered()


def test_pins_as_published_for_mwaas_python():
    found = constraints_of("3.3.1", (3, 12))
    assert "numpy==2.5.1" in found.lines
    assert found.dropped == ()
    assert found.pin("apache_airflow.providers-amazon") == "9.34.0"
    assert found.text.splitlines()[0] == "apache-airflow==3.3.1"
    assert not any("#" in line for line in found.lines)


def test_pins_that_an_older_python_cannot_have_are_dropped_and_named():
    found = constraints_of("3.3.1", (3, 11))
    assert found.dropped == ("numpy==2.5.1", "scipy==1.18.0")
    assert not any(line.startswith("numpy==") for line in found.lines)


def test_essential_pins_are_few():
    lines = constraints_of("3.3.1").essential.splitlines()
    assert lines[0] == "apache-airflow==3.3.1"
    assert "SQLAlchemy==2.0.51" in lines
    assert not any(line.startswith("boto3") for line in lines)

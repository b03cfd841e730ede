"""How the Spark jobs and the keys of a run are packed."""

import io
import subprocess
import sys
import zipfile
from importlib.metadata import version

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_public_key

from nightshift.compute import certificates
from nightshift.config import Settings
from nightshift.lake.packaging import package

SETTINGS = Settings()


def jobs(folder, body="x = 1", limit="#!/bin/bash"):
    (folder / "wordcount").mkdir(parents=True)
    (folder / "main.py").write_text("print()")
    (folder / "wordcount" / "tokens.py").write_text(body)
    (folder / "wordcount" / "notes.txt").write_text("not a module")
    (folder / "time_limit.sh").write_text(limit)
    return package(folder, folder / "time_limit.sh")


def test_main_travels_alone_and_the_rest_in_a_zip(tmp_path):
    packed = jobs(tmp_path)
    assert (packed.main, packed.time_limit) == (b"print()", b"#!/bin/bash")
    names = zipfile.ZipFile(io.BytesIO(packed.archive)).namelist()
    assert [name for name in names if not name.startswith("nightshift_contract/")] == ["wordcount/tokens.py"]


def test_the_same_jobs_give_the_same_hash_and_changed_ones_another(tmp_path):
    first, same = jobs(tmp_path / "a"), jobs(tmp_path / "b")
    assert first.sha256 == same.sha256
    assert jobs(tmp_path / "c", "x = 2").sha256 != first.sha256
    assert jobs(tmp_path / "d", limit="#!/bin/sh").sha256 != first.sha256


def test_what_flink_needs_travels_too_and_a_change_of_it_is_another_hash(tmp_path):
    flink = tmp_path / "flink"
    (flink / "job").mkdir(parents=True)
    (flink / "job" / "main.py").write_text("print()")
    (flink / "requirements.txt").write_text("apache-flink==1.20.0\n")
    without = jobs(tmp_path / "jobs")
    (tmp_path / "jobs" / "flink_python.sh").write_text("#!/bin/sh")
    packed = package(tmp_path / "jobs", tmp_path / "jobs" / "time_limit.sh", flink)
    assert list(packed.files)[-1] == "main.py"
    assert set(packed.files) - set(without.files) == {"flink_jobs.zip", "flink_python.sh", "flink_requirements.txt"}
    assert zipfile.ZipFile(io.BytesIO(packed.files["flink_jobs.zip"])).namelist() == ["job/main.py"]
    assert packed.sha256 != without.sha256


def test_the_ingestion_program_travels_as_a_package_that_python_can_run(tmp_path):
    packed = package(SETTINGS.jobs_dir, SETTINGS.time_limit_script, ingest_dir=SETTINGS.ingest_dir)
    (tmp_path / "ingest.zip").write_bytes(packed.files["ingest.zip"])
    told = subprocess.run(
        [sys.executable, "-m", "ingest", "--help"],
        env={"PYTHONPATH": str(tmp_path / "ingest.zip")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "api | table" in told.stdout
    pinned = dict(line.split("==") for line in packed.files["ingest_requirements.txt"].decode().splitlines()[1:])
    assert pinned == {name: version(name) for name in pinned}


def test_the_clusters_certificate_fits_its_private_key_and_its_hosts():
    files = zipfile.ZipFile(io.BytesIO(certificates.certificates("sa-east-1")))
    assert set(files.namelist()) == {"privateKey.pem", "certificateChain.pem", "trustedCertificates.pem"}
    certificate = x509.load_pem_x509_certificate(files.read("certificateChain.pem"))
    private = load_pem_private_key(files.read("privateKey.pem"), None)
    assert certificate.public_key() == private.public_key()
    assert certificate.subject.rfc4514_string() == "CN=*.sa-east-1.compute.internal"


def test_an_ssh_pair_is_a_pair():
    public, private = certificates.ssh_key_pair()
    assert load_ssh_public_key(public.encode()) == load_pem_private_key(private.encode(), None).public_key()

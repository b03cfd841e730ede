"""Set a JDBC driver's TLS properties from the secret's `properties`; the default verifies the server.

`sslmode` (PostgreSQL) and `sslMode` (MySQL, MariaDB) are disable, require, verify-ca or verify-full; `sslrootcert` and
`serverSslCert` name a file with the authority's certificates, or contain them. Only a connection to this machine itself
may be unencrypted by default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import SparkSession

from medallion.errors import SourceError
from nightshift_contract.secret import POSTGRES, Address

VERIFIED = "verify-full"
BEGIN = "-----BEGIN CERTIFICATE-----"
OWN_WORDS = {"ssl", "sslmode", "usessl"}  # the drivers' own properties: if one is set, it is left alone
MARIADB: Mapping[str, Mapping[str, str]] = {
    "disable": {},
    "require": {"useSsl": "true", "trustServerCertificate": "true"},
    "verify-ca": {"useSsl": "true", "disableSslHostnameVerification": "true"},
    "verify-full": {"useSsl": "true"},
}


def properties(spark: SparkSession, address: Address) -> dict[str, str]:
    """The driver properties for an address. Raises SourceError for an unknown mode."""
    driver_properties = dict(address.properties)
    is_postgres = address.family == POSTGRES
    word = "sslmode" if is_postgres else "sslMode"
    if not OWN_WORDS & {name.lower() for name in driver_properties} and not address.is_loopback:
        driver_properties[word] = VERIFIED
    if driver_properties.get(word, VERIFIED) not in MARIADB:
        raise SourceError(f"opening the database: {word} is {driver_properties[word]!r}, expected {', '.join(MARIADB)}")
    if not is_postgres:
        return (
            {**driver_properties, **MARIADB[driver_properties[word]]}
            if word in driver_properties
            else driver_properties
        )
    if driver_properties.get("sslrootcert", "").startswith(BEGIN):
        driver_properties["sslrootcert"] = _file(spark, driver_properties["sslrootcert"])
    elif driver_properties.get(word, "").startswith("verify") and "sslrootcert" not in driver_properties:
        driver_properties.setdefault("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory")  # Java's trust store
    return driver_properties


def _file(spark: SparkSession, certificates: str) -> str:
    """A file with the certificates, with the same name in the driver's and the executors' working folders; Spark copies
    it to the executors. Raises SourceError."""
    name = f"nightshift-ca-{hashlib.sha256(certificates.encode()).hexdigest()[:16]}.pem"
    try:
        Path(name).write_text(certificates, encoding="ascii")
    except (OSError, UnicodeEncodeError) as refused:
        where = Path.cwd()
        raise SourceError(f"opening the database: its certificates cannot be kept in {where} ({refused})") from None
    spark.sparkContext.addFile(str(Path(name).resolve()))
    return name

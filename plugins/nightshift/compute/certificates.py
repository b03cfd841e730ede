"""Key material of one run: the certificate for its cluster's in-transit encryption, and an SSH key pair."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

BITS = 2048
DAYS = 2  # a night's cluster lives for hours


def certificates(region: str) -> bytes:
    """The zip that EMR requires: privateKey.pem, certificateChain.pem, trustedCertificates.pem, self-signed.

    Source: EMR Management Guide, "Providing certificates for encrypting data in transit". The certificate is for the
    wildcard of the region's private host names.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    certificate = _self_signed(key, host_wildcard(region)).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files = {
        "privateKey.pem": private,
        "certificateChain.pem": certificate,
        "trustedCertificates.pem": certificate,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def ssh_key_pair() -> tuple[str, str]:
    """(public key in OpenSSH form, private key in PEM). RSA, which every EMR release accepts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return public.decode(), private.decode()


def host_wildcard(region: str) -> str:
    """The wildcard of EC2's private DNS names; only those of us-east-1 do not contain the region."""
    return "*.ec2.internal" if region == "us-east-1" else f"*.{region}.compute.internal"


def _self_signed(key: rsa.RSAPrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )

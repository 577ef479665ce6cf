"""Certificates for https, made by the openssl command when they are wanted.

Owns the files; none outlives the emulator and none is in the repository.
The variants of the setting `certificate` are made when first shown.
"""

import datetime
import os
import shutil
import ssl
import subprocess
import threading
import warnings

EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
          "-nodes"]

# variant -> (who signs it, in how many days it expires, names or None for the
# usual)
VARIANTS = {
    "good": ("ca", 30, None),
    "expired": ("ca", -1, None),
    "wrong_host": ("ca", 30, ["DNS:wrong.example"]),
    "self_signed": (None, 30, None),
    "other_ca": ("other", 30, None),
}

# What "openssl ca" wants to know before it signs, beyond its command line.
SIGNING = ("[ca]\ndefault_ca=made\n[made]\ndatabase=index\nserial=serial\n"
           "new_certs_dir=.\ndefault_md=sha256\npolicy=any\nunique_subject=no\n"
           "[any]\ncommonName=supplied\n")


class NoCertificates(Exception):
    """https cannot be offered; says why."""


def usual_names(accounts):
    return ["DNS:localhost", "IP:127.0.0.1", "IP:::1"] + [
        f"DNS:{name}.localhost" for name in accounts]


def date(days):
    """The time so many days from now, as openssl takes it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


class Certificates:
    """A context for each variant; ca_file is what a client should trust."""

    def __init__(self, folder, ca_file, accounts):
        self.folder = folder
        self.names = usual_names(accounts)
        self.contexts = {}
        self.lock = threading.Lock()
        if shutil.which("openssl") is None:
            raise NoCertificates("there is no openssl command")
        self.make_ca("ca")
        shutil.copyfile(self.path("ca.pem"), ca_file)
        os.chmod(ca_file, 0o644)
        self.context("good")

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *words):
        done = subprocess.run(["openssl", *words], cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode:
            text = done.stderr.decode(errors="replace").strip()
            raise NoCertificates(f"openssl {words[0]}: {text}")

    def make_config(self, name, extensions):
        """A configuration of our own: the system's may not fit."""
        with open(self.path(f"{name}.cnf"), "w", encoding="ascii") as file:
            file.write(f"[req]\ndistinguished_name=dn\nprompt=no\n"
                       f"x509_extensions=ext\n[dn]\nCN=emulator {name}\n"
                       f"[ext]\n{extensions}\n{SIGNING}")

    def make_ca(self, name):
        if os.path.exists(self.path(f"{name}.pem")):
            return
        self.make_config(name, "basicConstraints=critical,CA:TRUE\n"
                               "keyUsage=critical,keyCertSign,cRLSign\n"
                               "subjectKeyIdentifier=hash")
        self.openssl("req", "-x509", *EC_KEY, "-config", f"{name}.cnf",
                     "-keyout", f"{name}.key", "-out", f"{name}.pem",
                     "-days", "30")

    def make_server(self, name, signer, days, names):
        self.make_config(name, "basicConstraints=CA:FALSE\n"
                               f"subjectAltName={','.join(names)}")
        if signer is None:
            self.openssl("req", "-x509", *EC_KEY, "-config", f"{name}.cnf",
                         "-keyout", f"{name}.key", "-out", f"{name}.pem",
                         "-days", str(days))
            return
        self.make_ca(signer)
        self.openssl("req", "-new", *EC_KEY, "-config", f"{name}.cnf",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")
        # Of its programs this one alone makes what has expired already.
        open(self.path("index"), "w", encoding="ascii").close()
        self.openssl("ca", "-batch", "-notext", "-create_serial",
                     "-config", f"{name}.cnf", "-extensions", "ext",
                     "-cert", f"{signer}.pem", "-keyfile", f"{signer}.key",
                     "-startdate", date(-30), "-enddate", date(days),
                     "-in", f"{name}.csr", "-out", f"{name}.pem")

    def context(self, variant, old=False):
        """The TLS context that shows this variant; an old one knows no TLS
        that is newer than 1.1."""
        with self.lock:
            if (variant, old) not in self.contexts:
                self.contexts[variant, old] = self.make_context(variant, old)
            return self.contexts[variant, old]

    def make_context(self, variant, old):
        if not os.path.exists(self.path(f"{variant}.pem")):
            signer, days, names = VARIANTS[variant]
            self.make_server(variant, signer, days, names or self.names)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if old:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")     # it is what is asked for
                context.minimum_version = ssl.TLSVersion.TLSv1_1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(self.path(f"{variant}.pem"),
                                self.path(f"{variant}.key"))
        return context

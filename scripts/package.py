#!/usr/bin/env python3
"""package.py TARGET VERSION EPOCH BUILT SYMBOLS DEPS OUT: the archives of one target.

BUILT is build/TARGET as scripts/build.sh leaves it, SYMBOLS the debug symbols beside it, DEPS the directory where the third-party
tarballs are unpacked. Leaves in OUT: nrprof-VERSION-TARGET.tar.gz (.zip for Windows), the same with -symbols, and
nrprof-VERSION-TARGET.spdx.json. The same input gives the same bytes: names are sorted, owner and modes are fixed, every time
is EPOCH."""
import gzip, hashlib, io, json, re, sys, tarfile, time, zipfile
from pathlib import Path

THIRD_PARTY = [  # name in deps.txt, name, licence (SPDX), file with its text, where it ends up
    ("lua5.4", "Lua", "MIT", "src/lua.h", "the library and nrprof"),
    ("cjson", "cJSON", "MIT", "LICENSE", "nrprof"),
    ("lua-unit", "LuaUnit", "BSD-2-Clause", "LICENSE.txt", "nrprof"),
]


def licence_text(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".h":  # Lua's is the last comment of lua.h
        text = re.sub(r"^\* ?", "", text[text.rindex("/****"):].split("\n", 1)[1].split("*****")[0], flags=re.M)
    if "Permission is hereby granted" not in text and "Redistribution and use" not in text:
        sys.exit(f"package.py: no licence in {path}")
    return text.strip() + "\n"


def third_party(root, deps):
    """Each: name, version, licence, file name, SHA-256 of its tarball, licence text, use."""
    rows = [line.split() for line in (root / "cmake/deps.txt").read_text().splitlines() if line.startswith("source ")]
    for key, name, licence, text, use in THIRD_PARTY:
        sum_, path = next((r[1], r[2]) for r in rows if Path(r[2]).name.startswith(key + "_"))
        version = re.search(r"_([0-9.]+)\.orig", path).group(1)
        top = next(p for p in (deps / sum_).iterdir() if p.is_dir())
        yield name, version, licence, Path(path).name, sum_, licence_text(top / text), use


def tree(directory, prefix):
    return [(prefix + str(p.relative_to(directory)), p.read_bytes(), bool(p.stat().st_mode & 0o100))
            for p in directory.rglob("*") if p.is_file()]


def write_tar(path, entries, epoch):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data, executable in entries:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), epoch, 0o755 if executable else 0o644
            tar.addfile(info, io.BytesIO(data))
    with open(path, "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=epoch) as z:
        z.write(raw.getvalue())


def write_zip(path, entries, epoch):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for name, data, executable in entries:
            info = zipfile.ZipInfo(name, time.gmtime(epoch)[:6])
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = (0o100755 if executable else 0o100644) << 16
            z.writestr(info, data)


def spdx(name, version, target, epoch, entries, parts):
    """SPDX 2.3: the package, its files, and what is compiled into them."""
    digest = hashlib.sha256(b"".join(hashlib.sha256(d).digest() for _, d, _ in entries)).hexdigest()
    packages = [{"SPDXID": "SPDXRef-nrprof", "name": "nrprof", "versionInfo": version, "downloadLocation": "NOASSERTION",
                 "filesAnalyzed": False, "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0", "copyrightText": "NOASSERTION"}]
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-nrprof")]
    for part, part_version, licence, file, sum_, _, use in parts:
        packages.append({"SPDXID": "SPDXRef-" + part, "name": part, "versionInfo": part_version, "packageFileName": file,
                         "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence,
                         "copyrightText": "NOASSERTION", "comment": "compiled into " + use,
                         "checksums": [{"algorithm": "SHA256", "checksumValue": sum_}]})
        relations.append(("SPDXRef-nrprof", "CONTAINS", "SPDXRef-" + part))
    files = []
    for i, (path, data, _) in enumerate(entries):
        files.append({"SPDXID": f"SPDXRef-file-{i}", "fileName": "./" + path, "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
                      "checksums": [{"algorithm": "SHA1", "checksumValue": hashlib.sha1(data).hexdigest()},
                                    {"algorithm": "SHA256", "checksumValue": hashlib.sha256(data).hexdigest()}]})
        relations.append(("SPDXRef-nrprof", "CONTAINS", f"SPDXRef-file-{i}"))
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": name,
            "documentNamespace": f"urn:nrprof:{version}:{target}:{digest}",
            "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)), "creators": ["Tool: nrprof scripts/package.py"]},
            "packages": packages, "files": files,
            "relationships": [{"spdxElementId": a, "relationshipType": r, "relatedSpdxElement": b} for a, r, b in relations]}


def main():
    if len(sys.argv) != 8:
        sys.exit("usage: package.py TARGET VERSION EPOCH BUILT SYMBOLS DEPS OUT")
    target, version, epoch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    built, symbols, deps, out = map(Path, sys.argv[4:])
    root = Path(__file__).resolve().parent.parent
    name = f"nrprof-{version}-{target}"
    write, suffix = (write_zip, ".zip") if target.startswith("windows") else (write_tar, ".tar.gz")
    parts = list(third_party(root, deps))
    entries = tree(built, name + "/")
    for path in ("LICENSE", "docs/install.md"):
        entries.append((f"{name}/{Path(path).name}", (root / path).read_bytes(), False))
    entries += [(f"{name}/licenses/{p[0]}.txt", p[5].encode(), False) for p in parts]
    entries.sort()
    document = json.dumps(spdx(name, version, target, epoch, entries, parts), indent=1).encode() + b"\n"
    entries.append((f"{name}/sbom.spdx.json", document, False))
    out.mkdir(parents=True, exist_ok=True)
    write(out / (name + suffix), entries, epoch)
    write(out / (name + "-symbols" + suffix), sorted(tree(symbols, name + "-symbols/")), epoch)
    (out / (name + ".spdx.json")).write_bytes(document)


main()

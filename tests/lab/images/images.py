#!/usr/bin/env python3
"""Writes container images that consist of single programs, as one tar in OCI layout.

images.py cluster OUT PROGRAMS KUBERNETES ETCD PAUSE COREDNS    what kubeadm wants, by its tags
images.py single OUT NAME PROGRAM                               one static program, run as /program
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile


def main():
    kind, out, *rest = sys.argv[1:]
    layout = Layout(out)
    for image in {"cluster": cluster, "single": single}[kind](*rest):
        layout.add_image(*image)
    layout.close()


def cluster(programs, kubernetes, etcd, pause, coredns):
    """Images as (name, [(source, path inside)], entrypoint); manifests name the commands of most."""

    def program(name, inside="usr/local/bin/"):
        return (os.path.join(programs, name), inside + name)

    registry = "registry.k8s.io/"
    for name in ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]:
        yield registry + name + ":" + kubernetes, [program(name)], None
    # kube-proxy runs nft, which is the machine's own and dynamic.
    nft = with_libraries(shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin"), "usr/sbin/nft")
    yield registry + "kube-proxy:" + kubernetes, [program("kube-proxy"), *nft], None
    yield registry + "etcd:" + etcd, [program("etcd"), program("etcdctl")], None
    yield registry + "coredns/coredns:" + coredns, [program("coredns", "")], ["/coredns"]
    yield registry + "pause:" + pause, [program("pause", "")], ["/pause"]


def single(name, program):
    inside = os.path.basename(program)
    yield name, [(program, inside)], ["/" + inside]


def with_libraries(program, inside):
    """A dynamic program with every library that it loads."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    libraries = re.findall(r"(/\S+) \(0x", listed)
    return [(program, inside)] + [(library, library.lstrip("/")) for library in libraries]


class Layout:
    """https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md"""

    MEDIA = "application/vnd.oci.image."

    def __init__(self, path):
        self.tar = tarfile.open(path, "w")
        self.written = set()
        self.manifests = []

    def add_image(self, name, files, entrypoint):
        layer = self.blob(layer_of(files))
        settings = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}
        if entrypoint:
            settings["Entrypoint"] = entrypoint
        config = self.json_blob({
            "architecture": architecture(),
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
            "history": [{"created_by": "lab"}],
        })
        manifest = self.json_blob({
            "schemaVersion": 2,
            "mediaType": self.MEDIA + "manifest.v1+json",
            "config": {"mediaType": self.MEDIA + "config.v1+json", **config},
            "layers": [{"mediaType": self.MEDIA + "layer.v1.tar", **layer}],
        })
        self.manifests.append({
            "mediaType": self.MEDIA + "manifest.v1+json",
            **manifest,
            "platform": {"architecture": architecture(), "os": "linux"},
            "annotations": {
                "io.containerd.image.name": name,
                "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1],
            },
        })

    def close(self):
        index = {"schemaVersion": 2, "mediaType": self.MEDIA + "index.v1+json", "manifests": self.manifests}
        self.file("index.json", json.dumps(index).encode())
        self.file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        self.tar.close()

    def json_blob(self, value):
        return self.blob(json.dumps(value).encode())

    def blob(self, content):
        digest = hashlib.sha256(content).hexdigest()
        self.file("blobs/sha256/" + digest, content)
        return {"digest": "sha256:" + digest, "size": len(content)}

    def file(self, name, content):
        # Two images may share a layer.
        if name not in self.written:
            self.written.add(name)
            add_file(self.tar, name, content, 0o644)


def layer_of(files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        folders = set()
        for folder in ["tmp", "etc"]:
            add_folder(tar, folder, folders)
        for source, inside in files:
            add_folder(tar, os.path.dirname(inside), folders)
            with open(source, "rb") as program:
                add_file(tar, inside, program.read(), 0o755)
    return content.getvalue()


def add_folder(tar, path, folders):
    if path and path not in folders:
        add_folder(tar, os.path.dirname(path), folders)
        folders.add(path)
        entry = tarfile.TarInfo(path)
        entry.type = tarfile.DIRTYPE
        entry.mode = 0o1777 if path == "tmp" else 0o755
        tar.addfile(entry)


def add_file(tar, path, content, mode):
    entry = tarfile.TarInfo(path)
    entry.size = len(content)
    entry.mode = mode
    tar.addfile(entry, io.BytesIO(content))


def architecture():
    return {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


if __name__ == "__main__":
    main()

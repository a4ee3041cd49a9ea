"""Puts the built library where programs find it, and takes it away again.

    python3 scripts/install.py install   [--prefix DIR] [--libdir DIR] [--destdir DIR]
    python3 scripts/install.py uninstall [the same options]

    PREFIX/include/gort.h, gort.hpp, gort/
    LIBDIR/libgort.so -> libgort.so.ABI -> libgort.so.ABI.x.y
    LIBDIR/libgort.a              with no global symbols but the header's
    LIBDIR/pkgconfig/gort.pc
    LIBDIR/cmake/gort/            find_package(gort): gort::gort, gort::static
    LIBDIR/libgort_pthreadlock.so for GORTDEBUG=pthreadlock=1
    PREFIX/share/gort/gort-gdb.py and a link to it where gdb looks for what belongs to the library
    PREFIX/share/doc/gort/        README, licences, docs, examples

Everything is written below DESTDIR, a staging root that the installed files do not mention.
A file is replaced in one step, so that a running program keeps the library it has open.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "target" / "release"
TEMPLATES = ROOT / "scripts" / "package"
DOCUMENTS = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]
DOCUMENT_FOLDERS = {"docs": "*.*", "examples/c": "*.[ch]", "examples/cpp": "*.[ch]pp"}
BINDING = ROOT / "bindings" / "cpp"
PRELOAD = "libgort_pthreadlock.so"


def run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def version() -> str:
    """Of the header, which `make check` holds against Cargo.toml."""
    text = (ROOT / "include" / "gort.h").read_text(encoding="utf-8")
    return ".".join(re.findall(r"^#define GORT_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", text, re.M))


def library_version() -> str:
    """Of the binary interface, which has a version of its own."""
    text = (ROOT / "rt-ffi" / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^\[package\.metadata\.capi\.library\]\nversion = "(.+)"$', text, re.M)
    if found is None:
        raise SystemExit("rt-ffi/Cargo.toml has no version of the library")
    return found[1]


def archive() -> bytes:
    made = BUILT / "libgort.installed.a"
    run("scripts/archive.sh", str(BUILT / "libgort.a"), str(made))
    return made.read_bytes()


def soname() -> str:
    """What the built library calls itself: it names the ABI."""
    found = re.search(r"\(SONAME\).*\[(.+)\]", run("readelf", "-d", str(BUILT / "libgort.so")))
    if found is None:
        raise SystemExit("target/release/libgort.so has no soname")
    return found[1]


class Tree:
    """The places of an installation, and how files get there."""

    def __init__(self, prefix: Path, libdir: Path | None, destdir: str) -> None:
        self.prefix = prefix
        self.include = prefix / "include"
        self.lib = libdir or prefix / "lib"
        self.pkgconfig = self.lib / "pkgconfig"
        self.cmake = self.lib / "cmake" / "gort"
        self.doc = prefix / "share" / "doc" / "gort"
        self.data = prefix / "share" / "gort"
        self.for_gdb = Path(f"{prefix}/share/gdb/auto-load{self.lib}")
        self.destdir = destdir

    def staged(self, path: Path) -> Path:
        return Path(self.destdir + str(path)) if self.destdir else path

    def write(self, path: Path, content: bytes, mode: int = 0o644) -> None:
        target = self.staged(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(target.name + ".new")
        new.write_bytes(content)
        new.chmod(mode)
        os.replace(new, target)
        print(target)

    def link(self, path: Path, to: str) -> None:
        target = self.staged(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(target.name + ".new")
        new.unlink(missing_ok=True)
        new.symlink_to(to)
        os.replace(new, target)
        print(f"{target} -> {to}")

    def fill(self, template: str, path: Path, values: dict[str, str]) -> None:
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        self.write(path, re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text).encode())


def in_prefix(tree: Tree, path: Path) -> str:
    """As gort.pc says it, so that the installation can be moved."""
    return f"${{prefix}}/{path.relative_to(tree.prefix)}" if tree.prefix in path.parents else str(path)


def install(tree: Tree) -> None:
    release, abi_name = version(), soname()
    real_name = f"libgort.so.{library_version()}"
    if not real_name.startswith(f"{abi_name}."):
        raise SystemExit(f"target/release/libgort.so is {abi_name}, rt-ffi/Cargo.toml says {real_name}; run make build")
    native = run("scripts/native-libs.sh").split()
    values = {
        "PREFIX": str(tree.prefix),
        "LIBDIR": in_prefix(tree, tree.lib),
        "INCLUDEDIR": in_prefix(tree, tree.include),
        "VERSION": release,
        "MAJOR_MINOR": release.rpartition(".")[0],
        "SONAME": abi_name,
        "REAL_NAME": real_name,
        "NATIVE_LIBS": " ".join(native),
        "NATIVE_LIBS_LIST": ";".join(native),
        "FROM_CMAKE_TO_INCLUDE": os.path.relpath(tree.include, tree.cmake),
    }
    tree.write(tree.include / "gort.h", (ROOT / "include" / "gort.h").read_bytes())
    for path in sorted(BINDING.rglob("*.hpp")):
        tree.write(tree.include / path.relative_to(BINDING), path.read_bytes())
    tree.write(tree.lib / real_name, (BUILT / "libgort.so").read_bytes(), 0o755)
    tree.link(tree.lib / abi_name, real_name)
    tree.link(tree.lib / "libgort.so", abi_name)
    tree.write(tree.lib / "libgort.a", archive())
    tree.write(tree.lib / PRELOAD, (BUILT / PRELOAD).read_bytes(), 0o755)
    tree.fill("gort.pc.in", tree.pkgconfig / "gort.pc", values)
    tree.fill("gortConfig.cmake.in", tree.cmake / "gortConfig.cmake", values)
    tree.fill("gortConfigVersion.cmake.in", tree.cmake / "gortConfigVersion.cmake", values)
    tree.write(tree.data / "gort-gdb.py", (TEMPLATES / "gort-gdb.py").read_bytes())
    tree.link(tree.for_gdb / f"{real_name}-gdb.py", os.path.relpath(tree.data / "gort-gdb.py", tree.for_gdb))
    for name in DOCUMENTS:
        tree.write(tree.doc / name, (ROOT / name).read_bytes())
    for folder, pattern in DOCUMENT_FOLDERS.items():
        for path in sorted((ROOT / folder).glob(pattern)):
            tree.write(tree.doc / folder / path.name, path.read_bytes())


def uninstall(tree: Tree) -> None:
    """Removes what any version has installed, and the folders that are gort's alone."""
    files = [tree.include / "gort.h", tree.include / "gort.hpp", tree.lib / "libgort.a", tree.lib / PRELOAD]
    files.append(tree.pkgconfig / "gort.pc")
    libraries = tree.staged(tree.lib).glob("libgort.so*")
    for_gdb = tree.staged(tree.for_gdb).glob("libgort.so*-gdb.py")
    for path in [*map(tree.staged, files), *sorted(libraries), *sorted(for_gdb)]:
        if path.is_symlink() or path.exists():
            path.unlink()
            print(f"removed {path}")
    for folder in map(tree.staged, (tree.include / "gort", tree.cmake, tree.data, tree.doc)):
        if folder.is_dir():
            shutil.rmtree(folder)
            print(f"removed {folder}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Install or uninstall the built library.")
    parser.add_argument("action", choices=["install", "uninstall"])
    parser.add_argument("--prefix", default="/usr/local")
    parser.add_argument("--libdir", default="", help="default: PREFIX/lib")
    parser.add_argument("--destdir", default="", help="staging root")
    options = parser.parse_args()
    prefix = Path(os.path.abspath(options.prefix))
    libdir = Path(os.path.abspath(options.libdir)) if options.libdir else None
    tree = Tree(prefix, libdir, os.path.abspath(options.destdir) if options.destdir else "")
    if options.action == "uninstall":
        uninstall(tree)
        return 0
    missing = [name for name in ("libgort.so", "libgort.a", PRELOAD) if not (BUILT / name).is_file()]
    if missing:
        print(f"not built: {' '.join(missing)}; run make build first", file=sys.stderr)
        return 1
    try:
        install(tree)
    except PermissionError as error:
        print(f"{error.filename}: {error.strerror}; install as root, or choose another PREFIX", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    except FileNotFoundError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

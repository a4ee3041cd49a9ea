"""Installs the built library into a temporary prefix and builds programs against that.

    python3 tests/run_install.py

Needs target/release/libgort.so and libgort.a (make build). The consumer of tests/install is
compiled as C99, C11, C++11, C++17 and C++20, that of the binding as C++17 and C++20, by every
compiler there is, shared and static: with plain options, through pkg-config, by a Makefile, and
through CMake. What is not on the machine is named, not passed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from harness import ROOT, Outcome, Tally, expect, expect_equal, first_error, run

SOURCES = ROOT / "tests" / "install"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
STANDARDS = ["c99", "c11", "c++11", "c++17", "c++20"]
BINDING = {"c++17", "c++20"}  # the consumer of gort.hpp, too
# The first installation asks rustc what the static library needs, and so builds it once more.
BUILD_SECONDS = 600


class Compiler(NamedTuple):
    name: str
    is_cpp: bool


def compilers() -> list[Compiler]:
    """Each compiler of the machine once; those that are not there are named."""
    found: list[Compiler] = []
    seen: set[tuple[str, bool]] = set()  # clang++ is clang under another name
    wanted = [(os.environ.get("CC", "cc"), False), ("gcc", False), ("clang", False)]
    wanted += [(os.environ.get("CXX", "c++"), True), ("g++", True), ("clang++", True)]
    for name, is_cpp in wanted:
        path = shutil.which(name.split()[0])
        if path is None:
            print(f"not run: {name}: not found")
        elif (real := (os.path.realpath(path) + name.partition(" ")[2], is_cpp)) not in seen:
            seen.add(real)
            found.append(Compiler(name, is_cpp))
    return found


class Installation:
    """An installed tree, and what programs need to be built against it."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.lib = prefix / "lib"
        self.pc = self.lib / "pkgconfig" / "gort.pc"

    def run_tool(self, action: str, *options: object) -> Outcome:
        command = [sys.executable, ROOT / "scripts" / "install.py", action, "--prefix", self.prefix, *options]
        outcome = run(command, seconds=BUILD_SECONDS)
        expect_equal(outcome.status, 0, f"exit status of {action}", outcome)
        return outcome

    def files(self) -> set[str]:
        return {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if not path.is_dir()}

    def plain_options(self, static: bool) -> list[str]:
        if not static:
            return [f"-I{self.prefix}/include", f"-L{self.lib}", "-lgort"]
        private = re.search(r"^Libs\.private: (.+)$", self.pc.read_text(), re.M)
        expect(private, "gort.pc names no private libraries")
        return [f"-I{self.prefix}/include", str(self.lib / "libgort.a"), *private[1].split()]  # type: ignore[index]

    def pkg_config(self, *options: str) -> list[str]:
        outcome = run(["pkg-config", *options, "gort"], {**os.environ, "PKG_CONFIG_PATH": str(self.pc.parent)})
        expect_equal(outcome.status, 0, f"pkg-config {' '.join(options)}", outcome)
        return outcome.out.split()

    def pkg_config_options(self, static: bool) -> list[str]:
        if not static:
            return self.pkg_config("--cflags", "--libs")
        libraries = [option for option in self.pkg_config("--static", "--libs") if option != "-lgort"]
        archive = self.pkg_config("--variable=libdir")[0] + "/libgort.a"
        return [*self.pkg_config("--cflags"), archive, *libraries]

    def check_program(self, program: Path, static: bool) -> None:
        """It runs, and needs the shared library by its ABI name if at all."""
        needed = re.findall(r"\(NEEDED\).*\[(libgort.*)\]", run(["readelf", "-d", program]).out)
        expect_equal(needed, [] if static else [abi_name(self)], "the libraries that it needs")
        outcome = run([program], {**os.environ, "LD_LIBRARY_PATH": str(self.lib)})
        expect_equal((outcome.status, outcome.out), (0, "42\n"), "status and output", outcome)


def abi_name(installed: Installation) -> str:
    return next(path.name for path in installed.lib.glob("libgort.so.*") if path.name.count(".") == 2)


def compile_and_run(installed: Installation, compiler: Compiler, standard: str, static: bool, options: list[str],
                    source: str = "consumer.c") -> None:  # fmt: skip
    program = installed.prefix.parent / "consumer"
    language = ["-x", "c++" if compiler.is_cpp else "c", SOURCES / source, "-x", "none"]
    outcome = run([*compiler.name.split(), f"-std={standard}", *WARNINGS, *language, "-o", program, *options])
    expect_equal(outcome.status, 0, f"does not compile: {first_error(outcome)}")
    installed.check_program(program, static)


def check_tree(installed: Installation) -> None:
    files = installed.files()
    for name in ("include/gort.h", "include/gort.hpp", "include/gort/chan.hpp", "lib/libgort.a",
                 "lib/libgort_pthreadlock.so", "lib/pkgconfig/gort.pc", "lib/cmake/gort/gortConfig.cmake",
                 "lib/cmake/gort/gortConfigVersion.cmake", "share/doc/gort/README.md", "share/doc/gort/LICENSE-MIT",
                 "share/doc/gort/docs/channels.md", "share/doc/gort/examples/c/wc.c",
                 "share/doc/gort/examples/cpp/wc.cpp", "share/doc/gort/examples/cpp/wc.hpp"):  # fmt: skip
        expect(name in files, f"{name} is missing among {sorted(files)}")
    real = (installed.lib / "libgort.so").resolve()
    expect(re.fullmatch(r"libgort\.so\.\d+\.\d+\.\d+", real.name), f"libgort.so leads to {real.name}")
    expect(re.fullmatch(r"libgort\.so\.\d+", abi_name(installed)), f"the ABI name is {abi_name(installed)}")
    expect_equal((installed.lib / abi_name(installed)).resolve(), real, "where the ABI name leads")
    soname = re.findall(r"\(SONAME\).*\[(.*)\]", run(["readelf", "-d", real]).out)
    expect_equal(soname, [abi_name(installed)], "the soname")
    exported = re.findall(r" T (\w+)@@(\w+)$", run(["nm", "-D", "--defined-only", real]).out, re.M)
    number = abi_name(installed).rpartition(".")[2]
    expect_equal({version for _, version in exported}, {f"GORT_{number}"}, "the versions of the symbols")
    inside = run(["nm", "-g", "--defined-only", installed.lib / "libgort.a"]).out.split("\n")
    globals_of_archive = {line.split()[-1] for line in inside if len(line.split()) == 3}
    expect_equal(globals_of_archive, {name for name, _ in exported}, "the global symbols of libgort.a")
    for_gdb = [path for path in (installed.prefix / "share/gdb").rglob("*-gdb.py") if path.is_file()]
    expect_equal([path.name for path in for_gdb], [f"{real.name}-gdb.py"], "what gdb finds")
    left = [name for name in files if name.endswith(".new") or "@" in (installed.pc.read_text() if name.endswith(".pc") else "")]
    expect_equal(left, [], "unfinished files")


def check_destdir(folder: Path) -> None:
    stage = folder / "stage"
    nowhere = Installation(Path("/opt/gort"))
    nowhere.run_tool("install", "--destdir", stage, "--libdir", "/opt/gort/lib64")
    text = (stage / "opt/gort/lib64/pkgconfig/gort.pc").read_text()
    expect(text.startswith("prefix=/opt/gort\nlibdir=${prefix}/lib64\nincludedir=${prefix}/include\n"), f"gort.pc: {text!r}")
    mentions = [str(path) for path in stage.rglob("*") if path.suffix in (".pc", ".cmake") and str(folder) in path.read_text()]
    expect_equal(mentions, [], "files that mention the staging root")
    nowhere.run_tool("uninstall", "--destdir", stage, "--libdir", "/opt/gort/lib64")
    expect_equal([str(path) for path in stage.rglob("*") if not path.is_dir()], [], "files left behind")


def check_uninstall(installed: Installation) -> None:
    others = {"include/other.h", "lib/libother.so", "share/doc/other/README.md"}
    for name in others:
        (installed.prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (installed.prefix / name).write_text("not ours\n")
    installed.run_tool("uninstall")
    expect_equal(installed.files(), others, "the files that are left")


def check_pkg_config(installed: Installation, tally: Tally, found: list[Compiler]) -> None:
    if not shutil.which("pkg-config"):
        print("not run: pkg-config: not found")
        return
    header = (installed.prefix / "include" / "gort.h").read_text()
    version = ".".join(re.findall(r"^#define GORT_VERSION_\w+ (\d+)$", header, re.M))
    tally.run("pkg-config: version", lambda: expect_equal(installed.pkg_config("--modversion"), [version], "version"))
    for compiler in found:
        for static in (False, True):
            standard = "c++11" if compiler.is_cpp else "c99"
            tally.run(
                f"pkg-config: {compiler.name} {'static' if static else 'shared'}",
                lambda c=compiler, s=standard, st=static: compile_and_run(installed, c, s, st, installed.pkg_config_options(st)),
            )


PROGRAMS = ["c", "cpp", "binding"]  # of the builds below, each with -gort and -static


def check_programs(installed: Installation, tally: Tally, build: Path, title: str) -> None:
    for program in sorted(path for language in PROGRAMS for path in build.glob(f"{language}-*")):
        static = program.name.endswith("-static")
        tally.run(f"{title}: {program.name}", lambda p=program, st=static: installed.check_program(p, st))


def pairs(found: list[Compiler]) -> list[tuple[str, str]]:
    """A C compiler and the C++ compiler of its kind."""
    return list(zip(*([compiler.name for compiler in found if compiler.is_cpp == is_cpp] for is_cpp in (False, True))))


def check_make(installed: Installation, tally: Tally, found: list[Compiler]) -> None:
    if not shutil.which("make"):
        print("not run: make: not found")
        return
    private = " ".join(installed.plain_options(static=True)[2:])

    def build_all(build: Path, cc: str, cxx: str) -> None:
        build.mkdir()
        words = [f"PREFIX={installed.prefix}", f"SOURCES={SOURCES}", f"PRIVATE={private}", f"CC={cc}", f"CXX={cxx}"]
        outcome = run(["make", "-C", build, "-f", SOURCES / "Makefile", *words])
        expect_equal(outcome.status, 0, "make", outcome)

    for cc, cxx in pairs(found):
        build = installed.prefix.parent / f"make-{os.path.basename(cc.split()[0])}"
        if tally.run(f"make: build with {cc}", lambda b=build, c=cc, x=cxx: build_all(b, c, x)):
            check_programs(installed, tally, build, f"make with {cc}")


def check_cmake(installed: Installation, tally: Tally, found: list[Compiler]) -> None:
    if not shutil.which("cmake"):
        print("not run: cmake: not found")
        return

    def configure(build: Path, wanted: str, cc: str, cxx: str) -> Outcome:
        shutil.rmtree(build, ignore_errors=True)
        environment = {**os.environ, "CC": cc, "CXX": cxx}
        options = [f"-DCMAKE_PREFIX_PATH={installed.prefix}", f"-DWANTED={wanted}"]
        return run(["cmake", "-S", SOURCES, "-B", build, *options], environment)

    def build_all(build: Path, cc: str, cxx: str) -> None:
        outcome = configure(build, "0.1", cc, cxx)
        expect_equal(outcome.status, 0, "cmake", outcome)
        outcome = run(["cmake", "--build", build])
        expect_equal(outcome.status, 0, "cmake --build", outcome)

    def refuses(cc: str, cxx: str) -> None:
        for wanted in ("0.2", "1.0"):
            outcome = configure(installed.prefix.parent / "refused", wanted, cc, cxx)
            expect(outcome.status != 0, f"version {wanted} is found")

    for number, (cc, cxx) in enumerate(pairs(found)):
        if number == 0:
            tally.run("cmake: other versions are refused", lambda c=cc, x=cxx: refuses(c, x))
        build = installed.prefix.parent / f"cmake-{number}"
        if tally.run(f"cmake: build with {cc}", lambda b=build, c=cc, x=cxx: build_all(b, c, x)):
            check_programs(installed, tally, build, f"cmake with {cc}")


def check_cargo_c(installed: Installation, tally: Tally, folder: Path) -> None:
    """cargo-c's installation: the same files but for what is not the library's, and a program runs with them."""
    if not shutil.which("cargo-cinstall"):
        print("not run: cargo-c: not found")
        return
    other = Installation(folder / "cargo-c")

    def compare() -> None:
        places = ["--prefix", other.prefix, "--libdir", other.lib, "--target-dir", ROOT / "target" / "cargo-c"]
        outcome = run(["cargo", "cinstall", "--release", "-p", "rt-ffi", *places], cwd=ROOT, seconds=600)
        expect_equal(outcome.status, 0, "cargo cinstall", outcome)
        beside = ("share/doc/", "share/gdb/", "lib/cmake/")
        wanted = {name for name in installed.files() if not name.startswith(beside)}
        expect_equal(other.files() ^ wanted, set(), "files of only one of them")
        expect((other.lib / abi_name(installed)).samefile(other.lib / "libgort.so"), "the links lead to different files")

    if tally.run("cargo cinstall", compare):
        for static in (False, True):
            options = other.pkg_config_options(static) if shutil.which("pkg-config") else other.plain_options(static)
            tally.run(
                f"cargo cinstall: {'static' if static else 'shared'}",
                lambda st=static, o=options: compile_and_run(other, Compiler("cc", False), "c99", st, o),
            )


def check_dist(installed: Installation, folder: Path) -> None:
    """The archive of what is committed builds with nothing but itself: no cache of crates, no network."""
    outcome = run([ROOT / "scripts" / "dist.sh"], cwd=ROOT, seconds=BUILD_SECONDS)
    expect_equal(outcome.status, 0, "dist.sh", outcome)
    archive = next((ROOT / "target" / "dist").glob("*.tar.gz"))
    expect_equal(run(["tar", "-xzf", archive, "-C", folder]).status, 0, f"tar of {archive.name}")
    tree = folder / archive.name.removesuffix(".tar.gz")
    offline = {**os.environ, "CARGO_HOME": str(folder / "no-crates"), "CARGO_NET_OFFLINE": "true"}
    offline = {name: value for name, value in offline.items() if name != "CARGO_TARGET_DIR"}
    outcome = run(["make", "-C", tree, "build"], offline, seconds=BUILD_SECONDS)
    expect_equal(outcome.status, 0, "make build in the unpacked archive", outcome)
    exported = [run(["nm", "-D", "--defined-only", library]).out.split()[2::3]
                for library in (tree / "target" / "release" / "libgort.so", installed.lib / "libgort.so")]  # fmt: skip
    expect_equal(exported[0], exported[1], "the symbols of the library from the archive")


def dist_missing() -> str | None:
    """Why no archive can be made: it is made of what git has, and of crates that cargo may have to fetch."""
    if not (ROOT / ".git").exists():
        return "this is not a clone"
    if os.environ.get("CARGO_NET_OFFLINE") == "true":
        return "cargo is offline"
    return next((f"{tool}: not found" for tool in ("git", "make") if not shutil.which(tool)), None)


def main() -> int:
    tally = Tally()
    found = compilers()
    with tempfile.TemporaryDirectory(prefix="gort-install-") as name:
        folder = Path(name)
        installed = Installation(folder / "prefix")
        if not tally.run("install", lambda: installed.run_tool("install") and None):
            return tally.close()
        tally.run("the installed tree", lambda: check_tree(installed))
        for compiler in found:
            for standard in STANDARDS:
                if compiler.is_cpp != standard.startswith("c++"):
                    continue
                for static in (False, True):
                    tally.run(
                        f"{compiler.name} -std={standard} {'static' if static else 'shared'}",
                        lambda c=compiler, s=standard, st=static: compile_and_run(installed, c, s, st, installed.plain_options(st)),
                    )
            for standard in sorted(BINDING) if compiler.is_cpp else []:
                for static in (False, True):
                    tally.run(
                        f"gort.hpp: {compiler.name} -std={standard} {'static' if static else 'shared'}",
                        lambda c=compiler, s=standard, st=static: compile_and_run(
                            installed, c, s, st, installed.pkg_config_options(st), "binding.cpp"
                        ),
                    )
        check_pkg_config(installed, tally, found)
        check_make(installed, tally, found)
        check_cmake(installed, tally, found)
        check_cargo_c(installed, tally, folder)
        if reason := dist_missing():
            print(f"not run: make dist: {reason}")
        else:
            tally.run("make dist, and its build offline", lambda: check_dist(installed, folder))
        tally.run("a second install over the first", lambda: installed.run_tool("install") and None)
        tally.run("uninstall", lambda: check_uninstall(installed))
        tally.run("DESTDIR and LIBDIR", lambda: check_destdir(folder))
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())

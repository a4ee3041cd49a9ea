"""Imports inside goroutines: the standard library, many at once, and modules whose bodies park."""

from __future__ import annotations

from support import child

MODULES = "asyncio calendar csv decimal email.message html.parser http.client multiprocessing.pool sqlite3 ssl xml.dom"


def test_the_standard_library():
    source = """
    import importlib, sys, gort
    names = sys.argv[1].split()
    def main():
        handles = [gort.go(importlib.import_module, name) for name in names * 3]
        assert all(handle.join() is sys.modules[name] for handle, name in zip(handles, names * 3))
        return "imported"
    print(gort.run(main))
    """
    assert child(source, MODULES).out == "imported\n"


def test_a_module_that_parks(tmp_path):
    (tmp_path / "parks.py").write_text("import gort\nfor _ in range(5):\n    gort.sleep(0.001)\nvalue = 7\n")
    (tmp_path / "imports_it.py").write_text("import gort, parks\ngort.yield_now()\nvalue = parks.value + 1\n")
    source = """
    import sys, gort
    sys.path.insert(0, sys.argv[1])
    def imports():
        import imports_it
        return imports_it.value
    def main():
        importer = gort.go(imports)
        beside = [gort.go(gort.sleep, 0.0001) for _ in range(20)]
        for handle in beside:
            handle.join()
        return importer.join()
    print(gort.run(main))
    """
    assert child(source, tmp_path).out == "8\n"


def test_gort_itself_inside_a_thread():
    source = """
    import threading
    seen = []
    def uses():
        import gort
        seen.append(gort.run(lambda: gort.go(lambda: 5).join()))
    thread = threading.Thread(target=uses)
    thread.start()
    thread.join()
    import gort
    print(seen, gort.run(lambda: 6))
    """
    assert child(source).out == "[5] 6\n"


def test_importing_starts_nothing():
    source = """
    import signal, sys, threading
    hook, handler = sys.excepthook, signal.getsignal(signal.SIGINT)
    import gort
    print(threading.active_count(), sys.excepthook is hook, signal.getsignal(signal.SIGINT) is handler)
    """
    outcome = child(source)
    assert outcome.out == "1 True True\n" and outcome.err == ""
    assert child("import gort").err == ""

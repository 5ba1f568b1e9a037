"""Nothing of elsewhere is run: no pickle, no code by its name, none of what an archive or a link asks for."""

import ast
import io
import json
import zipfile
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dcviz.errors import Refused
from dcviz.inspect.lens import OWN, Bench, own
from dcviz.records import RunConfig
from dcviz.runs import service
from dcviz.runs.configure import configure
from dcviz.runs.export import bundle
from dcviz.runs.foreign import Foreign, code_of
from dcviz.runs.importing import bring
from dcviz.runs.store import Store
from dcviz.runs.worker import drive

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dcviz"
APP = ROOT / "app.py"
CALLS = {  # what makes code of data, and where it may stand: what the user names on purpose
    "eval": set(),
    "exec": set(),
    "compile": set(),
    "__import__": set(),
    "os.system": set(),
    "os.popen": set(),
    "subprocess.run": set(),
    "subprocess.Popen": set(),
    "pickle.load": set(),
    "pickle.loads": set(),
    "marshal.loads": set(),
    "runpy.run_path": {"dcviz/registry.py", "dcviz/discrepancies/trained_features/own.py"},
    "importlib.import_module": {"dcviz/discrepancies/trained_features/own.py"},
}
MODULES = {"marshal", "shelve", "dill", "cloudpickle", "joblib", "pickle", "code", "codeop"}


def sources():
    for path in [*PACKAGE.rglob("*.py"), APP, *(ROOT / "pages").glob("*.py")]:
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def test_nothing_makes_code_of_data():
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in CALLS or name in CALLS[called], f"{name}: {called}"
                for keyword in node.keywords:
                    said = ast.unparse(keyword)
                    assert said not in ("shell=True", "allow_pickle=True", "weights_only=False"), f"{name}: {said}"


def test_no_module_that_reads_code_is_imported_but_for_the_name_of_an_error():
    for name, tree in sources():
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found = MODULES & {each.partition(".")[0] for each in names}
            assert not found or (name == "dcviz/runs/importing/tensors.py" and found == {"pickle"}), f"{name}: {found}"


# ------------------------------------------------------------------------------------- a network of your own


@pytest.fixture
def mine(tmp_path):
    """A file that makes a network, and leaves a trace when it is run."""
    trace = tmp_path / "ran"
    file = tmp_path / "mine.py"
    file.write_text(
        f"import pathlib, torch\npathlib.Path({str(trace)!r}).touch()\ndef make():\n    return torch.nn.Linear(2, 8)\n"
    )
    return f"{file}:make", trace


def with_code(module, **more):
    quick = {"evaluation.network": "mlp", "evaluation.updates": 3, "evaluation.seeds": 1}
    regime = {"name": "own-network", "module": module}
    return configure(data="moons", divergence="energy", regime=regime, budget=1, steps=4, settings=quick, **more)


@pytest.fixture
def brought(tmp_path, mine):
    """A store with an imported run, half done, that names code, which was never run in this store."""
    module, trace = mine
    elsewhere = Store(tmp_path / "elsewhere")
    run = service.launch(elsewhere, with_code(module), trust=True)
    elsewhere.enqueue(run, until=2)
    drive(elsewhere, partial(service.open_job, elsewhere), run)
    path = tmp_path / "theirs.dcviz.zip"
    path.write_bytes(bundle(elsewhere, run, "archive")[1])
    trace.unlink()
    store = Store(tmp_path / "home")
    return store, bring(store, [path]).run, module, trace


def test_only_declared_values_are_code(mine):
    assert code_of(with_code(mine[0])) == {mine[0]}
    assert code_of(RunConfig()) == code_of(configure(preset="dm")) == frozenset()


def test_an_imported_run_does_not_run_what_it_names(brought):
    store, run, _, trace = brought
    with pytest.raises(Foreign, match="never run here"):
        service.resume(store, run)
    assert store.run(run).status == "interrupted", "it can go on once it is trusted"
    config = store.run(run).config
    for start in (lambda: service.launch(store, config), lambda: service.fork(store, run, 1, config)):
        with pytest.raises(Foreign, match="read it, and if you trust it"):
            start()
    from dcviz.data import dataset

    with pytest.raises(Foreign):
        Bench(store, store.run(run), dataset("moons")).pull(own(config), None, lambda what, fraction: None)
    assert own(config).key == OWN
    assert not trace.exists()


def test_what_was_started_here_goes_on_and_its_import_too(brought):
    store, run, module, trace = brought
    mine = service.launch(store, with_code(module, seed=5), trust=True)
    assert drive(store, partial(service.open_job, store), mine).status == "done"
    assert trace.exists()
    service.resume(store, run)
    assert drive(store, partial(service.open_job, store), run).status == "done"
    service.launch(store, with_code(module, seed=6))


def test_a_link_asks_before_it_runs_what_it_names(tmp_path, monkeypatch, mine):
    import streamlit

    module, trace = mine
    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(service, "worker", lambda store: None)
    streamlit.cache_resource.clear()
    app = AppTest.from_file(str(APP), default_timeout=60)
    query = {"data": "moons", "regime": "own-network", "divergence": "energy", "regime.module": json.dumps(module)}
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    app.button(key="lab.condense").click().run()
    store = Store(tmp_path / "home")
    assert store.runs() == []
    assert "never run here" in app.error[0].value
    app.button(key="lab.trust").click().run()
    assert not app.exception
    assert code_of(store.runs()[0].config) == {module}
    assert not trace.exists(), "the page itself runs nothing"
    streamlit.cache_resource.clear()


def test_an_archive_cannot_say_that_it_was_started_here(brought, tmp_path):
    store, run, _, trace = brought
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle(store, run, "archive")[1])) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "run.json":
                data = json.dumps({**json.loads(data), "events": []}).encode()
            target.writestr(name, data)
    (tmp_path / "again.dcviz.zip").write_bytes(out.getvalue())
    again = bring(store, [tmp_path / "again.dcviz.zip"]).run
    with pytest.raises(Refused, match="never run here"):
        service.launch(store, store.run(again).config)
    assert not trace.exists()

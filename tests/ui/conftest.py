import pytest

from dcviz.runs.store import Store


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A store of its own, and no worker: nothing here waits for a computation."""
    import streamlit as st

    from dcviz.runs import service

    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path))
    monkeypatch.setattr(service, "worker", lambda store: None)
    st.cache_resource.clear()
    yield Store(tmp_path)
    st.cache_resource.clear()

import pytest
from example_system_access import Change, Watcher, available

watching = pytest.mark.skipif(not available, reason="this system has no inotify")


@watching
def test_tells_what_happens(tmp_path):
    with Watcher(tmp_path) as watcher:
        assert watcher.changes() == []
        (tmp_path / "naïve.txt").write_text("text")
        (tmp_path / "naïve.txt").unlink()
        told = []
        while Change("deleted", "naïve.txt") not in told:
            told += watcher.changes(timeout=5)
    assert told == [Change(kind, "naïve.txt") for kind in ("created", "written", "deleted")]


@watching
def test_names_the_directory_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        Watcher(tmp_path / "missing")


@watching
def test_close_twice(tmp_path):
    watcher = Watcher(tmp_path)
    watcher.close()
    watcher.close()


@pytest.mark.skipif(available, reason="this system has inotify")
def test_is_absent_in_words(tmp_path):
    with pytest.raises(NotImplementedError, match="no inotify"):
        Watcher(tmp_path)

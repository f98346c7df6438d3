"""`exodsl diff`: what changed between two versions of a workflow, and which live runs stay behind."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from exodsl import StateManager
from exodsl.dsl.loader import load
from exodsl.manager.protocol import Trigger
from tests.cli.conftest import WORDS, Call

REWIRED = WORDS.replace("connect(split, count_words)", 'connect(split, count_words, text="one")')


Exported = Callable[[str, str], str]


@pytest.fixture
def exported(cli: Call, folder: Path) -> Exported:
    """Writes a workflow as a template: unlike a module, it needs no process of its own to be compared."""

    def exported(name: str, source: str) -> str:
        (folder / f"{name}.py").write_text(source)
        (folder / f"{name}.json").write_text(cli("export", f"{name}.py", "--whole").out)
        return f"{name}.json"

    return exported


@pytest.fixture
def words(exported: Exported) -> str:
    """The template of `words.py`."""
    return exported("words", WORDS)


@pytest.fixture
def rewired(exported: Exported) -> str:
    """That of another version, where one input comes from elsewhere; its module is `rewired.py`."""
    return exported("rewired", REWIRED)


@pytest.fixture
def commit(folder: Path) -> Callable[[], None]:
    """Commits all that is in the folder, which becomes a repository."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")

    def git(*words: str) -> None:
        who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)

    def commit() -> None:
        git("init", "--quiet")
        git("add", "--all")
        git("commit", "--quiet", "--message", "a version")

    return commit


def start_runs(module: str, number: int) -> None:
    """Store the graph of a module, and start runs of it that nobody works on."""
    template = load(module).compile()
    manager = StateManager.open(".exodsl/exodsl.db")
    manager.upsert(template)
    manager.trigger([Trigger(template.namespace, template.name, {"document": "a. b"})] * number)
    manager.close()


@pytest.mark.usefixtures("rewired")
def test_a_rewired_input_is_one_line_each_way(cli: Call) -> None:
    answer = cli("diff", "words.py", "rewired.py")

    assert (answer.code, answer.err) == (1, "")
    assert answer.out.splitlines() == [
        "--- words.py",
        "+++ rewired.py",
        "",
        "  node count_words",
        "-   input text = ${{ split.outputs.text }}",
        '+   input text = "one"',
        "",
        "1 input rewired.",
    ]


def test_a_workflow_is_the_same_as_itself(cli: Call, words: str) -> None:
    answer = cli("diff", words, words)

    assert (answer.code, answer.out) == (0, 'words.json and words.json say the same of graph "word-count".\n')


def test_nodes_that_come_and_go_are_shown_whole(cli: Call, words: str, exported: Exported) -> None:
    longest = exported("longest", WORDS.replace("total", "longest").replace("sum(", "max("))

    answer = cli("diff", words, longest)

    assert answer.out.splitlines()[3:] == [
        "  node count_words",
        "-   next total",
        "+   next longest",
        "",
        "+ node longest",
        "+   unites split (ALL_SUCCESS), collects count_words",
        "+   input counts: list[int]",
        "+   input counts = collect(${{ count_words.outputs.result }})",
        "+   output result: int",
        "",
        "- node total",
        "-   unites split (ALL_SUCCESS), collects count_words",
        "-   input counts: list[int]",
        "-   input counts = collect(${{ count_words.outputs.result }})",
        "-   output result: int",
        "",
        "1 node added, 1 node removed, 1 edge added, 1 edge removed.",
    ]


@pytest.mark.usefixtures("rewired")
def test_versions_in_a_database_are_compared_and_live_runs_are_counted(cli: Call) -> None:
    start_runs("words.py", 2)
    start_runs("rewired.py", 1)

    answer = cli("diff", "word-count@1", "word-count@newest")

    assert answer.code == 1
    assert answer.out.splitlines()[-3:] == [
        "1 input rewired.",
        "2 live runs of word-count are on version 1, and stay there.",
        "1 live run of word-count is on version 2, which is the second.",
    ]


def test_live_runs_that_need_code_which_has_gone_are_told(cli: Call, exported: Exported) -> None:
    start_runs("words.py", 1)

    answer = cli("diff", "word-count@1", exported("longest", WORDS.replace("total", "longest")))

    assert answer.out.splitlines()[-1] == (
        "1 live run of word-count is on version 1, and stays there; it needs total, which the second does not have."
    )


def test_a_run_that_has_ended_is_not_affected(cli: Call, rewired: str) -> None:
    cli("run", "words.py", "--input", "document=a. b")

    assert "live run" not in cli("diff", "word-count@1", rewired).out


def test_json_has_everything_for_programs(cli: Call, words: str, rewired: str) -> None:
    start_runs("words.py", 1)

    found = json.loads(cli("diff", words, rewired, "--json").out)

    assert found == {
        "same": False,
        "compared": [
            {"target": "words.json", "namespace": "default", "graph": "word-count"},
            {"target": "rewired.json", "namespace": "default", "graph": "word-count"},
        ],
        "nodes": {"added": [], "removed": []},
        "edges": {"added": [], "removed": []},
        "changes": [
            {
                "node": "count_words",
                "kind": "mapping",
                "name": "text",
                "before": "input text = ${{ split.outputs.text }}",
                "after": 'input text = "one"',
            }
        ],
        "live_runs": [
            {
                "namespace": "default",
                "graph": "word-count",
                "version": 1,
                "runs": 1,
                "current": False,
                "missing": [],
            }
        ],
    }


def test_without_a_database_nothing_is_known_of_live_runs_and_none_is_made(cli: Call, words: str, rewired: str) -> None:
    found = json.loads(cli("diff", words, rewired, "--json").out)

    assert found["live_runs"] is None
    assert not Path(".exodsl/exodsl.db").exists()


def test_a_template_in_json_is_compared_with_the_module_it_came_from(cli: Call, words: str) -> None:
    assert cli("diff", words, "words.py").code == 0


def test_modules_of_one_name_beside_other_modules_of_one_name_are_told_apart(cli: Call, folder: Path) -> None:
    for version, name in (("old", "first"), ("new", "second")):
        (folder / version).mkdir()
        (folder / version / "names.py").write_text(f'NAME = "{name}"')
        source = WORDS.replace('"word-count"', "NAME").replace("from pydantic", "from names import NAME\nfrom pydantic")
        (folder / version / "flow.py").write_text(source)

    answer = cli("diff", "old/flow.py", "new/flow.py")

    assert [line for line in answer.out.splitlines() if line[:2] in ("- ", "+ ")] == [
        "-   graph default/first",
        "+   graph default/second",
    ]


def test_a_git_revision_is_compared_with_what_is_there_now(cli: Call, folder: Path, commit: Callable[[], None]) -> None:
    (folder / "flows").mkdir()
    (folder / "flows" / "texts.py").write_text('TEXT = "one"')
    source = WORDS.replace("connect(split, count_words)", "connect(split, count_words, text=TEXT)")
    (folder / "flows" / "flow.py").write_text(source.replace("from pydantic", "from texts import TEXT\nfrom pydantic"))
    commit()
    (folder / "flows" / "texts.py").write_text('TEXT = "two"')

    answer = cli("diff", "git:HEAD:flows/flow.py:graph", "flows/flow.py")

    assert [line for line in answer.out.splitlines() if line[:2] in ("- ", "+ ")] == [
        '-   input text = "one"',
        '+   input text = "two"',
    ]
    status = subprocess.run(["git", "status", "--porcelain"], cwd=folder, check=True, capture_output=True, text=True)
    assert status.stdout == " M flows/texts.py\n"


def test_a_path_at_a_revision_counts_from_the_working_folder(
    cli: Call, folder: Path, commit: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "flows").mkdir()
    (folder / "flows" / "flow.py").write_text(WORDS)
    commit()
    monkeypatch.chdir(folder / "flows")

    assert cli("diff", "git:HEAD:flow.py", "flow.py").code == 0


@pytest.mark.parametrize("target", ["words.py", "words.json"])
def test_a_namespace_is_that_of_both(cli: Call, words: str, target: str) -> None:
    cli("run", words, "--nodes", "words.py", "--namespace", "team", "--input", "document=a")

    assert cli("diff", "word-count@newest", target, "--namespace", "team").code == 0


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nope.py", 'There is no file "nope.py". Did you mean "broken.py"?'),
        ("word-count@7", 'Graph "word-count" in namespace "default" has no version 7.'),
        ("word-cuont@1", 'No graph "word-cuont" is stored in namespace "default". Did you mean "word-count"?'),
        ("git:HEAD:none.py", 'At revision HEAD: There is no file "none.py". Did you mean "broken.py"?'),
        ("git:HAED:words.py", 'git knows no revision "HAED".'),
        ("git:--all:words.py", 'git knows no revision "--all".'),
        ("git:HEAD", '"git:HEAD" is no target. Write git:REVISION:file.py, such as git:HEAD~1:words.py.'),
    ],
)
def test_a_target_that_is_not_there_is_one_message(
    cli: Call, commit: Callable[[], None], target: str, said: str
) -> None:
    start_runs("words.py", 1)
    commit()

    answer = cli("diff", "word-count@1", target)

    assert (answer.code, answer.out, answer.err) == (2, "", f"{said}\n")


def test_git_that_is_not_installed_is_one_message(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    answer = cli("diff", "git:HEAD:words.py", "words.json")

    assert (answer.code, answer.err) == (2, "A target git:REVISION:FILE needs git, which is not installed.\n")


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_a_revision_outside_of_a_repository_is_one_message(cli: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path.cwd().parent))

    answer = cli("diff", "git:HEAD:words.py", "words.py")

    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert answer.err.startswith("git: not a git repository")


def test_a_workflow_that_does_not_pass_its_checks_is_refused_as_by_check(cli: Call, folder: Path) -> None:
    (folder / "typo.py").write_text(WORDS.replace("counts=collect", "count=collect"))

    answer = cli("diff", "typo.py", "typo.json")

    assert (answer.code, answer.out) == (2, "")
    assert "E105 typo.py:" in answer.err


def test_a_module_that_writes_to_stdout_behind_python_is_refused(cli: Call, folder: Path) -> None:
    (folder / "loud.py").write_text('import os\nos.write(1, b"loud")\n' + WORDS)

    answer = cli("diff", "loud.py", "loud.json")

    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert "loud.py" in answer.err

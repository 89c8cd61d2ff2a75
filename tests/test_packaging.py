"""What is installed works away from the repository, and every option of the configs can be made."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from segmentation.cli import COMMANDS
from segmentation.commands._config import build, dimension

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this working copy."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [
        "-m",
        "pip",
        "wheel",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run([sys.executable, *words], check=True)
    (path,) = folder.glob("segmentation-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the scripts of an environment that holds the wheel, and the rest by way of this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=os.name == "posix")
    places = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", vars=places))
    python = Path(sysconfig.get_path("scripts", vars=places)) / "python"
    words = ["-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, *words], check=True)
    # Read after the wheel's own folder. A path file inside a path file is not read: no editable install comes along.
    (site / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return python.parent


def run(installed: Path, folder: Path, *words: str) -> str:
    """Run the installed `segment` in a folder; its stdout."""
    outside = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON"))
    }
    ran = subprocess.run(
        [str(installed / "segment"), *words],
        check=False,
        cwd=folder,
        env={**outside, "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_the_wheel_holds_every_config_and_nothing_else_of_the_repository(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in CONF.rglob("*.yaml"):
        assert f"segmentation/conf/{path.relative_to(CONF).as_posix()}" in names
    for path in (ROOT / "src" / "segmentation").rglob("*.py"):
        assert path.relative_to(ROOT / "src").as_posix() in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"segmentation"}
    assert not [name for name in names if name.endswith((".db", ".pyc"))]


@pytest.mark.slow
def test_the_installed_command_works_in_an_empty_folder(installed: Path, store_dir: Path) -> None:
    where = subprocess.run(
        [str(installed / "python"), "-c", "import segmentation; print(segmentation.__file__)"],
        check=True,
        cwd=store_dir,
        capture_output=True,
        text=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(installed.parent)

    result = json.loads(run(installed, store_dir, "fit", "print=json", "data.n_customers=100"))
    assert result["n_segments"] == 5
    assert (store_dir / "mlruns" / "artifacts").is_dir()


@pytest.mark.slow
def test_a_folder_of_ones_own_adds_options(installed: Path, store_dir: Path) -> None:
    (store_dir / "my" / "features").mkdir(parents=True)
    (store_dir / "my" / "features" / "mine.yaml").write_text(
        "_target_: segmentation.features.FeatureSet\nnumeric: [age, spending_score]\n"
    )
    words = ["fit", "--config-dir", "my", "features=mine", "print=json", "data.n_customers=100"]
    result = json.loads(run(installed, store_dir, *words))
    assert result["features"] == "mine"


def options(group: str) -> list[str]:
    """The names of a group's options."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed(command: str, *words: str) -> DictConfig:
    """A command's config."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(command, list(words))


# What an option leaves to its user.
REQUIRED = {
    "data=mall": ["data.path=a.csv"],
    "data=marketing": ["data.path=a.csv"],
    "data=table": ["data.path=a.csv"],
    "data=transactions": ["data.path=a.csv"],
    "features=custom": ["features.numeric=[age]"],
}
# Commands on a model put the reader that the model brings in its place.
MADE = [
    (group, name)
    for group in ("data", "features", "scaler", "reducer", "algorithm")
    for name in options(group)
    if name != "as_trained"
]


@pytest.mark.parametrize(("group", "name"), MADE, ids=["=".join(made) for made in MADE])
def test_every_option_can_be_made(group: str, name: str) -> None:
    word = f"{group}={name}"
    config = composed("fit", word, *REQUIRED.get(word, []))
    made = build(config[group], group)
    wanted = {"data": "read", "algorithm": "fit_predict"}.get(group, "fit_transform")
    assert callable(getattr(made, wanted))


@pytest.mark.parametrize("checks", options("data/checks"))
@pytest.mark.parametrize("data", ["mall", "table", "transactions"])
def test_every_kind_of_checks_goes_with_every_file(data: str, checks: str) -> None:
    config = composed("fit", f"data={data}", "data.path=a.csv", f"data/checks={checks}")
    assert callable(build(config.data, "data").read)


@pytest.mark.parametrize("selection", options("selection"))
def test_every_rule_of_selection_can_be_made(selection: str) -> None:
    config = composed("sweep", f"selection={selection}", "seed=0")
    assert callable(build(config.selection, "selection").select)


@pytest.mark.parametrize(
    ("command", "group", "has"),
    [
        ("fit", "naming", "names"),
        ("fit", "playbook", "recommend"),
        ("fit", "attractiveness", "rank"),
        ("promote", "gate", "judge"),
        ("monitor", "drift", "alpha"),
    ],
)
def test_what_is_done_with_segments_can_be_made(command: str, group: str, has: str) -> None:
    for name in options(group):
        config = composed(command, f"{group}={name}")
        assert hasattr(build(config[group], group), has)


@pytest.mark.parametrize("search", options("search"))
def test_every_entry_of_a_search_is_a_parameter_of_its_option(search: str) -> None:
    config = composed("sweep", f"search={search}", "seed=0")
    build(config.search.constraints, "search.constraints")
    for option, space in config.search.space.items():
        (group,) = [group for group in ("scaler", "reducer", "algorithm") if option in options(group)]
        valid = build(composed("fit", f"{group}={option}")[group], group).get_params()
        for name, value in space.items():
            assert name in valid
            dimension(f"search.space.{option}.{name}", value)


@pytest.mark.parametrize("command", sorted(path.stem for path in CONF.glob("*.yaml") if path.stem != "base"))
def test_every_command_has_a_config(command: str) -> None:
    assert command in COMMANDS
    assert composed(command).tracking.uri


def test_every_file_of_the_configs_is_an_option_or_a_command() -> None:
    groups = {path.parent.relative_to(CONF).as_posix() for path in CONF.rglob("*.yaml")}
    others = {"data/checks", "search", "selection", "tracking"}
    others |= {"naming", "playbook", "attractiveness", "gate", "drift"}
    assert groups == {".", *others, *(group for group, _ in MADE)}

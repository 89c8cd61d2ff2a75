"""`segment rollback`: the version before the champion is the champion again."""

from datetime import UTC, datetime

from omegaconf import DictConfig

from segmentation.commands._open import open_store
from segmentation.commands._result import Result
from segmentation.commands.promote import REFUSED
from segmentation.errors import InputError
from segmentation.tracking import CHAMPION, PREVIOUS, Registry, load_model, user_name


def run(config: DictConfig) -> Result:
    """Let champion and previous change places, so that a second rollback undoes the first.

    Parameters
    ----------
    config : DictConfig
        The composed config of conf/rollback.yaml.

    Returns
    -------
    Result
        With code 3 where another version became the champion meanwhile.
    """
    registry = Registry(open_store(config), config.tracking.model)
    champion, previous = registry.find(CHAMPION), registry.find(PREVIOUS)
    if champion is None or previous is None or champion == previous:
        raise InputError(
            f"'{registry.name}' has no version with the alias '{PREVIOUS}' beside its champion: there is nothing to "
            f"roll back to before a second version is promoted."
        )
    # What would not load now must not become the champion.
    load_model(previous.uri)
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "by": user_name(),
        "because": str(config.reason or "").strip(),
    }
    restored = {f"restored_{key}": value for key, value in about.items() if value}
    moved = registry.promote(previous, champion, {**restored, "restored_from": champion.version})
    if moved:
        registry.tag(champion, {f"rolled_back_{key}": value for key, value in about.items() if value})
        text = f"{previous.title} is the champion again, version {champion.version} is kept as '{PREVIOUS}'."
    else:
        now = registry.find(CHAMPION)
        text = (
            f"Nothing was rolled back: version {now.version if now else 'none'} became the champion meanwhile; run "
            f"`segment rollback` again if that is the one to leave."
        )
    record = {
        "model": registry.name,
        "rolled_back": moved,
        "version": previous.version,
        "previous": champion.version,
    }
    return Result(text, record, 0 if moved else REFUSED)

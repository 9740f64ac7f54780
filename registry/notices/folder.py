"""The folder of published notices: files that a web server or a printer can take."""

from pathlib import Path

from models.identity import file_name
from registry.errors import RegistryError
from registry.files.disk import write_text


class NoticeFolder:
    """Where ``<notice>.md`` and ``<notice>.html`` lie."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, notice_id: str) -> bool:
        """Whether both files of a notice are there."""
        return all(path.exists() for path in self._files(notice_id))

    def put(self, notice_id: str, text: str, html: str) -> None:
        """Put both in place whole: a reader sees the old ones or the new ones.

        Raises:
            RegistryError: if the folder cannot be written.
        """
        for path, content in zip(self._files(notice_id), (text, html), strict=True):
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                write_text(path, content)
            except OSError as error:
                raise RegistryError(
                    f"the notice {path} cannot be written: {error.strerror}"
                ) from None

    def _files(self, notice_id: str) -> tuple[Path, Path]:
        name = file_name(notice_id)
        return self._folder / f"{name}.md", self._folder / f"{name}.html"

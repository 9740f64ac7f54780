"""Files that people name, read within bounds: none without end, none that is too large.

What is wrong is an ``OSError`` whose ``strerror`` says it, as where a file cannot be read at all.
"""

import errno
import os
import stat
import tempfile
from io import BufferedReader
from pathlib import Path

MOST_TEXT = 1024 * 1024
"""Bytes of a file of settings, a message or a list of ids: some fifty times the longest shipped."""


def open_file(path: Path) -> BufferedReader:
    """Open a file to be read.

    Raises:
        OSError: also if it is a device or a pipe: nobody knows whether it ends.
    """
    # Without O_NONBLOCK a pipe would be waited for that nobody writes to.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is a device or a pipe; save the content to a file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a file of at most so many bytes.

    Raises:
        OSError: if it has more, or cannot be read.
    """
    with open_file(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        size = f"{most // 2**20} MB" if most >= 2**20 else f"{most} bytes"
        raise OSError(errno.EFBIG, f"it has more than {size}, which is the most that is read")
    return content


def read_text(path: Path, most: int = MOST_TEXT) -> str:
    """The same as text in UTF-8, with or without a mark at its beginning.

    Raises:
        OSError: as above.
        UnicodeDecodeError: if it is not in UTF-8.
    """
    return read_bytes(path, most).decode("utf-8-sig").replace("\r\n", "\n")


def write_text(path: Path, text: str) -> None:
    """Put a file in place whole: a reader sees the old one or the new one, never half of it.

    Raises:
        OSError: if it cannot be written; what was there stays as it was.
    """
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(made, 0o644)
        os.replace(made, path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise

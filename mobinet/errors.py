"""One tree of errors. Each message says what was expected, what was found, and the cure."""

from __future__ import annotations


class MobinetError(Exception):
    """Root of every error that this library raises on purpose."""


class InputError(MobinetError, ValueError):
    """Data handed to a stage is malformed: an image, boxes, a stamp."""


class SettingsError(MobinetError, ValueError):
    """A setting, a rig file or a parameter is unknown, missing or out of range."""


class ModelError(MobinetError, ValueError):
    """A network's file is missing, damaged, or its inputs and outputs do not fit the task."""


class SourceError(MobinetError, OSError):
    """A camera, video or image folder cannot be opened or stopped delivering."""


class RecordingError(MobinetError, OSError):
    """A bag or data set file is missing, truncated or of an unknown format."""


class GalleryError(MobinetError, OSError):
    """A gallery's file or server cannot be read or written, is damaged, or belongs to another process."""


class UnknownIdentityError(InputError, LookupError):
    """A gallery knows nobody of that id, alias or label."""


class TransformError(MobinetError, LookupError):
    """No transform between two frames at a stamp."""


class MissingDependencyError(MobinetError, ImportError):
    """An optional package is not installed.

    Args:
        package: name to give to pip.
        purpose: what it is needed for, to complete "... needs PACKAGE".
        cure: what to type where it is not pip that installs it.
    """

    def __init__(self, package: str, purpose: str, cure: str = "") -> None:
        super().__init__(f"{purpose} needs '{package}': {cure or f'pip install {package!r}'}")
        self.package = package

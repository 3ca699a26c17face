"""How a camera and one of its formats are written as the location of a `SourceReference`.

``ID`` alone lets the program choose the format; ``ID#1280x720@30:NV12`` names one.
"""

import re

from zfdesk.sources.device import CameraFormat

_FORMAT = re.compile(r"#(\d{1,5})x(\d{1,5})@(\d{1,4}(?:\.\d{1,3})?):(\w{1,40})$")


def location_of(camera_id: str, wanted: CameraFormat | None = None) -> str:
    """The location of a camera with a format, or with the one that the program chooses."""
    if wanted is None:
        return camera_id
    return f"{camera_id}#{wanted.width}x{wanted.height}@{round(wanted.fps, 3):.12g}:{wanted.pixel_format}"


def split_location(location: str) -> tuple[str, CameraFormat | None]:
    """The camera's id, and the format if one is named."""
    found = _FORMAT.search(location)
    if found is None:
        return location, None
    width, height, fps, pixel_format = found.groups()
    return location[: found.start()], CameraFormat(int(width), int(height), float(fps), pixel_format)

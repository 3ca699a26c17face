"""Films: pictures in the order of time, written while they come. No display, no network; numpy, PyAV and Pillow.

    with FilmWriter(Path("film.mp4"), Titles("conv5:7", "…")) as film:
        film.put(FilmFrame(pixels, 0.0, {"class": "tabby"}))
    film.status.sentence

`formats` names the kinds of film and who writes each, `writer` keeps the thread, the temporary file and what is told.
"""

from zfdesk.film.encoder import FilmError
from zfdesk.film.formats import FORMATS, form_of
from zfdesk.film.writer import FilmFrame, FilmWriter, Quality, Titles

__all__ = ["FORMATS", "FilmError", "FilmFrame", "FilmWriter", "Quality", "Titles", "form_of"]

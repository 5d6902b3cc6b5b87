"""Opus packets as samples, by the system's libopus: three functions of its C interface, which is stable.

libopus decodes to 16 kHz mono by itself. Through PyAV it decodes to 48 kHz only, and every packet becomes a
frame object that has to be converted: more than twice the work.
"""

from __future__ import annotations

import ctypes
import weakref
from ctypes.util import find_library
from functools import cache
from typing import Any, Final

from alliancekit.errors import PluginError

LONGEST: Final = 0.12
"""Seconds of audio that one packet may hold (RFC 6716, section 2.1.4)."""

NAMES: Final = ("libopus.so.0", "libopus.0.dylib", "opus.dll")
"""What the library is called on Linux, macOS and Windows; asking the system instead starts a compiler."""


class OpusDecoder:
    """One stream's decoder, to 16-bit mono samples.

    Args:
        rate: samples per second: 8000, 12000, 16000, 24000 or 48000.

    Raises:
        PluginError: libopus is not installed.
    """

    def __init__(self, rate: int) -> None:
        library = _library()
        error = ctypes.c_int()
        self._state = ctypes.c_void_p(library.opus_decoder_create(rate, 1, ctypes.byref(error)))
        if error.value or not self._state:
            raise PluginError(
                f"libopus cannot decode to {rate} samples per second.", fix="Use one of its own rates."
            )
        weakref.finalize(self, library.opus_decoder_destroy, self._state)
        self._decode = library.opus_decode
        self._most = int(rate * LONGEST)
        self._samples = ctypes.create_string_buffer(self._most * 2)

    def decode(self, packet: bytes) -> bytes:
        """The packet's samples; empty where it is no Opus packet."""
        count = self._decode(self._state, packet, len(packet), self._samples, self._most, 0)
        return self._samples.raw[: count * 2] if count > 0 else b""


@cache
def _library() -> Any:
    for name in NAMES:
        try:
            return _declared(ctypes.CDLL(name))
        except OSError:
            continue
    found = find_library("opus")
    if found is None:
        raise PluginError(
            "Opus packets cannot be decoded: libopus is not installed on this machine.",
            fix="apt-get install libopus0, or the package of the same purpose (brew install opus).",
        )
    return _declared(ctypes.CDLL(found))


def _declared(library: Any) -> Any:
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_decoder_destroy.restype = None
    return library

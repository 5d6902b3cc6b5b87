"""Make the two recordings of the scripted call and the timeline that says who truly speaks when.

Run by hand: `python tests/tools/make_recordings.py`. Needs espeak-ng and ffmpeg. Each utterance is
synthesised on its own, trimmed of silence at both ends and laid on the timeline, so the speaking times are
known, not measured.
"""

from __future__ import annotations

import array
import json
import subprocess
import tempfile
import wave
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "core/alliancekit/demo/recordings"
RATE = 48000
SECONDS = 14.5
VOICES = {"client": ("en-us+f3", "165", "58"), "therapist": ("en-gb-x-rp+m2", "160", "36")}
PEAK = 0.5
SILENCE = 0.008
"""Amplitude (1 is full scale) below which the ends of an utterance count as silence."""

SCRIPT = (
    ("client", 0.0, "I tried the plan we made, and two of the three days went well."),
    ("therapist", 0.4, "What helped on those days?"),
    ("client", 0.35, "I started early, and I asked my sister to come along."),
    ("therapist", -0.35, "And the third day?"),
    ("client", 0.3, "I was tired, so I let it go."),
    ("therapist", 0.5, "Let us look at that."),
)
"""Role, pause in seconds since the end of the utterance before (negative: they overlap), words."""


def synthesise(role: str, words: str, folder: Path) -> array.array[int]:
    """Speak `words`; return 16-bit mono samples at `RATE` without silence at either end."""
    voice, speed, pitch = VOICES[role]
    raw, full = folder / "raw.wav", folder / "full.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", speed, "-p", pitch, "-w", raw, words], check=True)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", raw, "-ar", str(RATE), "-ac", "1", full], check=True)
    with wave.open(str(full)) as source:
        samples = array.array("h", source.readframes(source.getnframes()))
    loudest = max(abs(sample) for sample in samples)
    samples = array.array("h", (int(sample * PEAK * 32767 / loudest) for sample in samples))
    loud = [index for index, sample in enumerate(samples) if abs(sample) > SILENCE * 32767]
    return samples[loud[0] : loud[-1] + 1]


def main() -> None:
    """Write `client.ogg`, `therapist.ogg` and `timeline.json`."""
    TARGET.mkdir(parents=True, exist_ok=True)
    tracks = {role: array.array("h", bytes(int(SECONDS * RATE) * 2)) for role in VOICES}
    speaking: dict[str, list[list[float]]] = {role: [] for role in VOICES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        last = 0
        for role, pause, words in SCRIPT:
            samples = synthesise(role, words, folder)
            first = last + int(pause * RATE)
            last = first + len(samples)
            if last > len(tracks[role]):
                raise SystemExit(f"what the {role} says at {first / RATE:.1f} s does not fit: say less")
            tracks[role][first:last] = samples
            speaking[role].append([round(first / RATE, 3), round(last / RATE, 3)])
        for role, track in tracks.items():
            whole = folder / f"{role}.wav"
            with wave.open(str(whole), "wb") as sink:
                sink.setnchannels(1)
                sink.setsampwidth(2)
                sink.setframerate(RATE)
                sink.writeframes(track.tobytes())
            encode = ["-c:a", "libopus", "-b:a", "32k", "-map_metadata", "-1", "-fflags", "+bitexact"]
            subprocess.run(
                ["ffmpeg", "-v", "error", "-y", "-i", whole, *encode, TARGET / f"{role}.ogg"], check=True
            )
    timeline = {"seconds": SECONDS, "speaking": speaking}
    (TARGET / "timeline.json").write_text(json.dumps(timeline, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(timeline))


if __name__ == "__main__":
    main()

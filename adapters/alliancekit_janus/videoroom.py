"""One VideoRoom as happenings: who is there, who speaks, when it is over. No I/O, no clock of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from alliancekit.adapters import Happening
from alliancekit_janus.people import Identity, Someone, id_of, someone

ROOM_AND: Final = "|"
"""Stands between a room's name and what makes its instance one meeting."""

TWICE: Final = 2
"""How often a changed list is told: the host believes that somebody is gone when two lists say so."""

STILL_THERE: Final = 15.0
"""Seconds after which an unchanged list is told again."""


@dataclass(slots=True)
class _Here:
    """Somebody who is in the room; `talking` is until when their present speech has been told."""

    who: Someone
    talking: float | None = None


@dataclass(frozen=True, slots=True)
class AudioStream:
    """An Opus stream that somebody publishes: Janus's id of the publisher, and the stream's `mid`."""

    publisher: str
    mid: str


class VideoRoom:
    """What is known of one room.

    Args:
        name: the room's name at Janus.
        instance: what stands for this one meeting in it.
        identity: where our id of a person is.
        talking: tell speech from Janus's `talking` events.
        talking_seconds: how long Janus listens before it says so.

    Attributes:
        audio: who publishes what can be listened to, by the publisher's id.
        over: the room was destroyed.
        unwelcome: our observer was sent out.
    """

    def __init__(
        self, name: str, instance: str, *, identity: Identity = "id", talking: bool, talking_seconds: float
    ) -> None:
        self.name, self.instance = name, instance
        self.audio: dict[str, AudioStream] = {}
        self.over = self.unwelcome = False
        self._identity: Identity = identity
        self._talking, self._delay = talking, talking_seconds
        self._here: dict[str, _Here] = {}
        self._said: list[Happening] = []
        self._own = ""
        self._hold = 0.0
        self._told: tuple[tuple[tuple[str, str], ...], float, int] = (), 0.0, 0

    @property
    def people(self) -> tuple[Someone, ...]:
        """Who is there, as far as is known."""
        return tuple(one.who for one in self._here.values())

    def take(self) -> list[Happening]:
        """What happened since the last take."""
        said, self._said = self._said, []
        return said

    def put_back(self, said: list[Happening]) -> None:
        """What was taken could not be told; it is taken again."""
        self._said = [*said, *self._said]

    # what Janus says -----------------------------------------------------------------------------------

    def joined(self, data: Mapping[str, Any], at: float) -> None:
        """Our observer is in the room: `joined` with everybody who publishes, and others where told."""
        self._own = id_of(data.get("id"))
        for entry in (*_objects(data.get("publishers")), *_objects(data.get("attendees"))):
            self._enter(entry, at)

    def event(self, data: Mapping[str, Any], at: float) -> None:
        """An event of the room that answers no request; what is not understood is left out."""
        match data.get("videoroom"):
            case "talking":
                self._talks(id_of(data.get("id")), at - self._delay)
            case "stopped-talking":
                self._falls_silent(id_of(data.get("id")), at - self._delay)
            case "destroyed":
                self._destroyed(at)
            case "event":
                self._changed(data, at)
            case _:
                return

    def listed(self, data: Mapping[str, Any], at: float) -> Happening | None:
        """The answer to `listparticipants` as a roster; None when it says nothing.

        What is taken has it too, where it is news.

        For a while after a restart of Janus, that somebody is missing only means they are not back yet.
        """
        entries = data.get("participants")
        if not isinstance(entries, list) or self.over:
            return None
        listed = {one.connection: entry for entry in _objects(entries) if (one := self._who(entry))}
        for connection, entry in listed.items():
            self._enter(entry, at)
            if entry.get("talking") is False:
                self._silent(connection, at)
        back = {self._here[one].who.person for one in listed}
        if at < self._hold and any(one.person not in back for one in self.people):
            return None
        self._hold = 0.0
        for connection in [one for one in self._here if one not in listed]:
            del self._here[connection]
            self.audio.pop(connection, None)
        for known in self._here.values():
            self._spoke(known, at - self._delay)
        people = tuple((one.person, one.connection) for one in self.people)
        roster = Happening(kind="roster", room=self.instance, name=self.name, at=at, people=people)
        if people != self._told[0]:
            self._told = people, at, 0
        if self._told[2] < TWICE or at - self._told[1] >= STILL_THERE:
            self._said.append(roster)
            self._told = people, at, self._told[2] + 1
        return roster

    def restarted(self, at: float, hold: float) -> None:
        """Everything at Janus is gone; who was there has `hold` seconds to come back."""
        self.interrupted()
        self.audio.clear()
        self._own = ""
        if self._here:
            self._hold = at + hold

    def interrupted(self) -> None:
        """Events may be missing: nobody is taken for speaking until Janus says so again."""
        for one in self._here.values():
            one.talking = None

    def heard(self, publisher: str, start: float, end: float) -> None:
        """Tell a stretch of speech that was found in the audio of a publisher."""
        known = self._here.get(publisher)
        person = "" if known is None else known.who.person
        self._tell("spoke", end, person=person, connection=publisher, seconds=end - start)

    # inside --------------------------------------------------------------------------------------------

    def _changed(self, data: Mapping[str, Any], at: float) -> None:
        for entry in _objects(data.get("publishers")):
            self._enter(entry, at)
        joining = data.get("joining")
        if isinstance(joining, dict):
            self._enter(joining, at)
        if data.get("leaving") == "ok":
            self.unwelcome = data.get("reason") == "kicked"
            return
        self._leave(id_of(data.get("leaving")), at, "left")
        self._leave(id_of(data.get("kicked")), at, "ejected")
        unpublished = id_of(data.get("unpublished"))
        self._silent(unpublished, at)
        self.audio.pop(unpublished, None)

    def _who(self, entry: Mapping[str, Any]) -> Someone | None:
        found = someone(entry, self._identity)
        return None if found is None or found.connection == self._own else found

    def _enter(self, entry: Mapping[str, Any], at: float) -> None:
        who = self._who(entry)
        if who is None or self.over:
            return
        for stream in _objects(entry.get("streams")):
            mid = stream.get("mid")
            if stream.get("type") == "audio" and stream.get("codec") == "opus" and isinstance(mid, str):
                self.audio[who.connection] = AudioStream(who.connection, mid)
                break
        if who.connection not in self._here:
            self._here[who.connection] = _Here(who)
            self._tell("joined", at, person=who.person, connection=who.connection, joined_at=at)
        if entry.get("talking") is True:
            self._talks(who.connection, at)

    def _leave(self, connection: str, at: float, how: Literal["left", "ejected"]) -> None:
        known = self._here.get(connection)
        if known is None:
            return
        self._silent(connection, at)
        del self._here[connection]
        self.audio.pop(connection, None)
        self._tell("left", at, person=known.who.person, connection=connection, how=how)

    def _destroyed(self, at: float) -> None:
        for connection in self._here:
            self._silent(connection, at)
        self._here.clear()
        self.audio.clear()
        if not self.over:
            self.over = True
            self._tell("over", at)

    def _talks(self, connection: str, since: float) -> None:
        known = self._here.get(connection)
        if self._talking and known is not None and known.talking is None:
            known.talking = since

    def _falls_silent(self, connection: str, until: float) -> None:
        known = self._here.get(connection)
        if known is not None and known.talking is not None:
            self._spoke(known, until)
            known.talking = None

    def _silent(self, connection: str, at: float) -> None:
        """They can no longer be heard; what Janus had not told by then is lost."""
        self._falls_silent(connection, at - self._delay)

    def _spoke(self, known: _Here, until: float) -> None:
        if known.talking is not None and until > known.talking:
            who = known.who
            seconds = until - known.talking
            self._tell("spoke", until, person=who.person, connection=who.connection, seconds=seconds)
            known.talking = until

    def _tell(self, kind: Any, at: float, **more: Any) -> None:
        self._said.append(Happening(kind=kind, room=self.instance, name=self.name, at=at, **more))


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))

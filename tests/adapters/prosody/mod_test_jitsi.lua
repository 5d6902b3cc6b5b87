-- Stands in for what Jitsi's own modules keep with a room: the meeting's id, speaker statistics, breakout rooms.
module:hook("muc-occupant-joined", function (event)
	local room = event.room;
	if module.host == "conference.localhost" then
		room._data.meetingId = "meeting-of-" .. room.jid:match("^[^@]*");
		room._data.breakout_rooms = { ["side@breakout.localhost"] = "Side" };
	end
	room.speakerStats = room.speakerStats or {};
	room.speakerStats[event.occupant.jid] = { totalDominantSpeakerTime = 1234.5 };
end, 10);

-- Tells AllianceKit who joins and leaves the rooms of a MUC component, signed, and takes messages to one person.
--
-- SPDX-License-Identifier: Apache-2.0
-- For Prosody 0.12 and later. Load it on the component of the rooms, and of the breakout rooms:
--
--   Component "conference.meet.example" "muc"
--       modules_enabled = { "alliancekit"; }
--       alliancekit_url = "https://feedback.example/v1/adapters/jitsi/events"
--       alliancekit_secret = "whsec_…"
--
--   Component "breakout.meet.example" "muc"
--       (the same, and) alliancekit_main_muc = "conference.meet.example"
--
-- What happens is sent in order, room by room, and again with growing pauses until it is taken; it waits in memory,
-- which is limited. A room that is destroyed repeats everybody's times. Nothing here waits, and no error here
-- reaches the conference. Neither names nor e-mail addresses are sent.

local async_http = require "net.http";
local base64 = require "util.encodings".base64;
local hashes = require "util.hashes";
local id = require "util.id";
local jid = require "util.jid";
local json = require "util.json";
local st = require "util.stanza";
local time = require "util.time";
local timer = require "util.timer";
local uuid = require "util.uuid";

local url = module:get_option_string("alliancekit_url");
local secret = module:get_option_string("alliancekit_secret");
local main_muc = module:get_option_string("alliancekit_main_muc");
local most_waiting = module:get_option_number("alliancekit_most_waiting", 5000); -- events, of all rooms
local keep_seconds = module:get_option_number("alliancekit_keep_seconds", 6 * 3600);
local first_pause = module:get_option_number("alliancekit_first_pause", 1); -- seconds
local longest_pause = module:get_option_number("alliancekit_longest_pause", 60);
local timeout = module:get_option_number("alliancekit_timeout", 15);

local MOST_OCCUPANTS = 300; -- of one room that are remembered
local MOST_MESSAGES = 10000; -- ids of messages that are remembered
local LONGEST_MESSAGE = 4000; -- bytes
local WINDOW = 300; -- seconds by which a message's time may differ
local LONGEST = 200; -- characters of an id

local BOTS = { focus = true, jibri = true, jigasi = true, jvb = true, recorder = true, transcriber = true };
local BOT_DOMAINS = { hidden = true, recorder = true };
-- What the service will never take, however often it is sent.
local FINAL = { [400] = true, [404] = true, [413] = true, [422] = true };

local key = secret and secret:sub(1, 6) == "whsec_" and base64.decode(secret:sub(7));
if not url or not key or #key < 24 then
	module:log("error", "alliancekit_url and alliancekit_secret (whsec_ and base64) are needed; nothing is sent.");
	return;
end

-- ---- signing -------------------------------------------------------------------------------------------

local function signature(message_id, sent, body)
	return "v1," .. base64.encode(hashes.hmac_sha256(key, message_id .. "." .. sent .. "." .. body));
end

-- ---- sending -------------------------------------------------------------------------------------------

local waiting, dropped = 0, 0;
local stopped = false;
local send; -- forward

-- One room's events: `first` … `last` wait, the first of them may be on its way.
local function new_line()
	return { first = 1, last = 0, pause = first_pause, busy = false };
end

local function remove_first(line)
	line[line.first] = nil;
	line.first = line.first + 1;
	waiting = waiting - 1;
end

local function try_later(line)
	line.busy = true;
	local pause = line.pause * (0.75 + math.random() / 2);
	line.pause = math.min(line.pause * 2, longest_pause);
	timer.add_task(pause, function ()
		line.busy = false;
		send(line);
	end);
end

function send(line)
	if stopped or line.busy then return; end
	while line.first <= line.last and time.now() - line[line.first].at > keep_seconds do
		remove_first(line);
		dropped = dropped + 1;
		module:log("warn", "An event was not taken in time and is dropped; %d so far.", dropped);
	end
	local event = line[line.first];
	if not event then return; end
	line.busy = true;
	local done = false;
	local function finish(code)
		if done then return; end
		done = true;
		line.busy = false;
		if code >= 200 and code < 300 or FINAL[code] then
			if FINAL[code] then
				module:log("error", "AllianceKit does not take an event (%d); check alliancekit_url.", code);
			end
			line.pause = first_pause;
			remove_first(line);
			return send(line);
		end
		module:log("warn", "AllianceKit did not take an event (%d); it is sent again.", code);
		try_later(line);
	end
	local sent = tostring(os.time());
	local ok, problem = pcall(async_http.request, url, {
		method = "POST";
		body = event.body;
		headers = {
			["Content-Type"] = "application/json";
			["webhook-id"] = event.id;
			["webhook-timestamp"] = sent;
			["webhook-signature"] = signature(event.id, sent, event.body);
		};
	}, function (_, code) finish(tonumber(code) or 0); end);
	if not ok then
		module:log("error", "An event could not be sent: %s", problem);
		finish(0);
	end
	timer.add_task(timeout, function () finish(0); end);
end

local function tell(line, said)
	if waiting >= most_waiting then
		-- The first may be on its way. What a destroyed room repeats makes up for what is missing here.
		dropped = dropped + 1;
		module:log("warn", "Too many events wait; one is dropped, %d so far.", dropped);
		if said.type ~= "room.destroyed" or line.last <= line.first then return; end
		line[line.last] = nil;
		line.last = line.last - 1;
		waiting = waiting - 1;
	end
	line.last = line.last + 1;
	line[line.last] = { id = "evt_" .. id.medium(), body = json.encode(said), at = time.now() };
	waiting = waiting + 1;
	send(line);
end

-- ---- what is known of a room ---------------------------------------------------------------------------

local rooms = setmetatable({}, { __mode = "k" }); -- room → what is known; forgotten with the room
local by_instance = setmetatable({}, { __mode = "v" }); -- instance → room

local function parent_of(room)
	local host = main_muc and prosody.hosts[main_muc];
	local muc = host and host.modules.muc;
	if not muc then return nil; end
	for candidate in muc.each_room() do
		local rooms_of = candidate._data and candidate._data.breakout_rooms;
		if rooms_of and rooms_of[room.jid] then return candidate; end
	end
	return nil;
end

local function known(room)
	local found = rooms[room];
	if found then return found; end
	local instance = room._data and room._data.meetingId;
	if type(instance) ~= "string" or instance == "" or #instance > LONGEST then instance = uuid.generate(); end
	local parent = main_muc and parent_of(room) or room;
	found = {
		room = { id = instance, name = jid.node(parent.jid), breakout = main_muc ~= nil };
		line = new_line();
		occupants = {};
		jids = {};
		count = 0;
		out = {};
	};
	rooms[room] = found;
	by_instance[instance] = room;
	tell(found.line, { type = "room.created", at = time.now(), room = found.room });
	return found;
end

local function is_system_room(room)
	return (jid.node(room.jid) or ""):find("__jicofo-health-check", 1, true) == 1;
end

local function is_bot(occupant)
	local node, host = jid.split(occupant.bare_jid or occupant.jid);
	return BOTS[node or ""] or BOT_DOMAINS[(host or ""):match("^[^.]*")] or false;
end

-- What the bridge calls the sender. Jitsi's are eight hexadecimal digits; another may be a name.
local function occupant_id(found, nick)
	local resource = jid.resource(nick) or "";
	if resource:match("^%x%x%x%x%x%x%x%x$") then return resource; end
	return hashes.sha256(found.room.id .. "/" .. resource, true):sub(1, 32);
end

-- The id that the JWT brought; an e-mail address is none.
local function person_of(origin)
	local user = origin and origin.jitsi_meet_context_user;
	local person = type(user) == "table" and user.id;
	if type(person) ~= "string" or #person > LONGEST or person:find("@", 1, true) then return ""; end
	return person;
end

-- Sent out; or their connection ended before they told the room; or they left.
local function how_gone(found, event)
	if found.out[event.nick] then return "ejected"; end
	return event.origin and event.origin.destroyed and "dropped" or "left";
end

-- How long somebody was the dominant speaker, where Jitsi's speaker statistics are loaded.
local function spoke(room, real_jid)
	local stats = room.speakerStats and room.speakerStats[real_jid];
	local total = type(stats) == "table" and stats.totalDominantSpeakerTime;
	return type(total) == "number" and total >= 0 and math.floor(total) or nil;
end

-- ---- what happens --------------------------------------------------------------------------------------

-- An error here is logged and ends here.
local function guarded(handler)
	return function (event)
		local ok, problem = pcall(handler, event);
		if not ok then module:log("error", "An event of a room was not told: %s", problem); end
	end;
end

local function on_joined(event)
	if is_system_room(event.room) or is_bot(event.occupant) then return; end
	local found = known(event.room);
	if found.count >= MOST_OCCUPANTS and not found.occupants[event.nick] then return; end
	if not found.occupants[event.nick] then found.count = found.count + 1; end
	local now = time.now();
	local who = { id = occupant_id(found, event.nick), person = person_of(event.origin), joined_at = now };
	found.occupants[event.nick], found.jids[event.nick] = who, event.occupant.jid;
	found.out[event.nick] = nil;
	tell(found.line, { type = "occupant.joined", at = now, room = found.room, occupant = who });
end

local function on_left(event)
	local found = rooms[event.room];
	local who = found and found.occupants[event.nick];
	if not who or who.left_at then return; end
	who.left_at, who.how = time.now(), how_gone(found, event);
	tell(found.line, { type = "occupant.left", at = who.left_at, room = found.room, occupant = who });
end

local function on_destroyed(event)
	local found = rooms[event.room];
	if not found then return; end
	rooms[event.room] = nil;
	local everybody = {};
	for nick, who in pairs(found.occupants) do
		who.spoke_ms = spoke(event.room, found.jids[nick]);
		everybody[#everybody + 1] = who;
	end
	tell(found.line, {
		type = "room.destroyed", at = time.now(), room = found.room, occupants = everybody;
	});
end

-- Kicked (307) or banned (301): told before they leave.
local function on_status(event)
	local found = rooms[event.room];
	if not found or not event.x then return; end
	for status in event.x:childtags("status") do
		if status.attr.code == "307" or status.attr.code == "301" then found.out[event.occupant.nick] = true; end
	end
end

-- Joining after mod_muc_meeting_id; leaving before the room is destroyed for being empty, which happens at 0.
module:hook("muc-occupant-joined", guarded(on_joined), -3);
module:hook("muc-occupant-left", guarded(on_left), 1);
module:hook("muc-room-destroyed", guarded(on_destroyed), -3);
module:hook("muc-broadcast-presence", guarded(on_status), -3);

function module.unload() stopped = true; end

-- ---- messages to one person ----------------------------------------------------------------------------

local seen, seen_before, seen_count = {}, {}, 0;

-- Whether a message is the service's own, recent, and here for the first time.
local function is_genuine(headers, body)
	local message_id, sent, given = headers.webhook_id, headers.webhook_timestamp, headers.webhook_signature;
	if not (message_id and sent and given) or #message_id > LONGEST or not sent:match("^%d+$") then return false; end
	if not hashes.equals(signature(message_id, sent, body), given) then return false; end
	if math.abs(os.time() - tonumber(sent)) > WINDOW then return false; end
	if seen[message_id] or seen_before[message_id] then return false; end
	if seen_count >= MOST_MESSAGES then seen, seen_before, seen_count = {}, seen, 0; end
	seen[message_id], seen_count = true, seen_count + 1;
	return true;
end

local function addressee(room, wanted)
	local found = rooms[room];
	if not found then return nil; end
	for nick, occupant in room:each_occupant() do
		if found.occupants[nick] and occupant_id(found, nick) == wanted then return occupant; end
	end
	return nil;
end

local function on_message(event)
	local request = event.request;
	local body = request.body or "";
	if #body > LONGEST_MESSAGE then return 413; end
	if not is_genuine(request.headers, body) then return 401; end
	local said = json.decode(body);
	if type(said) ~= "table" or type(said.message) ~= "string" or type(said.room) ~= "string"
		or type(said.occupant) ~= "string" then return 400; end
	local room = by_instance[said.room];
	local occupant = room and addressee(room, said.occupant);
	if not occupant then return 404; end
	-- As Jitsi's own module for messages of the system does, so that its page shows it.
	local content = json.encode({ type = "system_chat_message", message = said.message });
	room:route_stanza(st.message({ from = room.jid, to = occupant.jid })
		:tag("json-message", { xmlns = "http://jitsi.org/jitmeet" }):text(content):up());
	return 200;
end

if not main_muc then
	module:depends("http");
	module:provides("http", {
		default_path = "/alliancekit";
		route = {
			["POST /message"] = function (event)
				local ok, code = pcall(on_message, event);
				if not ok then
					module:log("error", "A message was not sent: %s", code);
					code = 500;
				end
				return { status_code = code, headers = { ["Content-Type"] = "application/json" }, body = "{}" };
			end;
		};
	});
end

/**
 * What the six platforms' JavaScript says to a page, as far as the bridge listens: names and shapes of events as
 * published by each. Every platform has `sdk`, what the vendor hands to the bridge, and what can happen to it.
 */

/** `on`, `off` and `emit` as in Node's EventEmitter, which four of the six are. */
class Emitter {
  #heard = new Map();

  on(name, heard) {
    this.#heard.set(name, [...(this.#heard.get(name) ?? []), heard]);
    return this;
  }

  off(name, heard) {
    this.#heard.set(name, (this.#heard.get(name) ?? []).filter((one) => one !== heard));
    return this;
  }

  emit(name, ...said) {
    for (const heard of this.#heard.get(name) ?? []) heard(...said);
  }

  get listeners() {
    return [...this.#heard.values()].flat().length;
  }
}

/** Jitsi handbook, docs/dev-guide/iframe-events.md and iframe-commands.md (jitsi/handbook, 2026). */
function jitsi() {
  const sdk = new Emitter();
  sdk.addListener = sdk.on;
  sdk.removeListener = sdk.off;
  sdk.commands = [];
  sdk.executeCommand = (...command) => sdk.commands.push(command);
  const joined = { roomName: "room", id: "10a52c3f", displayName: "Somebody", avatarURL: "", breakoutRoom: false, visitor: false };
  return {
    sdk,
    join: () => sdk.emit("videoConferenceJoined", joined),
    leave: () => {
      sdk.emit("videoConferenceLeft", { roomName: "room" });
      sdk.emit("readyToClose", {});
    },
    eject: () => {
      sdk.emit("participantKickedOut", { kicked: { id: "10a52c3f", local: true }, kicker: { id: "77aa88bb" } });
      sdk.emit("videoConferenceLeft", { roomName: "room" });
    },
    another: () => sdk.emit("participantKickedOut", { kicked: { id: "77aa88bb", local: false }, kicker: { id: "1" } }),
    waver: () => sdk.emit("errorOccurred", { name: "connection.droppedError", type: "CONNECTION", isFatal: true }),
    recover: () => sdk.emit("videoConferenceJoined", joined),
    talk: (on) => sdk.emit("dominantSpeakerChanged", { id: on ? "10a52c3f" : "77aa88bb" }),
  };
}

/** The types of @daily-co/daily-js 0.87; the order of `error` and `left-meeting` from docs.daily.co, error events. */
function daily() {
  const sdk = new Emitter();
  let state = "loaded";
  sdk.meetingState = () => state;
  sdk.participants = () => ({ local: { session_id: "6f0ce557", local: true, user_name: "Somebody" } });
  const base = { callClientId: "17225364729060" };
  const left = () => {
    state = "left-meeting";
    sdk.emit("left-meeting", { action: "left-meeting", ...base });
  };
  const error = (type) => {
    state = "error";
    sdk.emit("error", { action: "error", errorMsg: type, error: { type, msg: type }, ...base });
    left();
  };
  const network = (event) => sdk.emit("network-connection", { action: "network-connection", type: "signaling", event, ...base });
  return {
    sdk,
    join: () => {
      state = "joined-meeting";
      sdk.emit("joined-meeting", { action: "joined-meeting", participants: sdk.participants(), ...base });
    },
    leave: left,
    eject: () => error("ejected"),
    lose: () => error("connection-error"),
    end: () => error("exp-room"),
    waver: () => network("interrupted"),
    recover: () => network("connected"),
    talk: (on) => sdk.emit("active-speaker-change", { action: "active-speaker-change", activeSpeaker: { peerId: on ? "6f0ce557" : "aa0b11cc" }, ...base }),
  };
}

/** WherebyEmbedElementEventMap of @whereby.com/browser-sdk 3.30, dist/embed. */
function whereby() {
  const sdk = document.createElement("div");
  const say = (name, detail) => sdk.dispatchEvent(new CustomEvent(name, { detail }));
  return {
    sdk,
    join: () => say("join"),
    leave: () => say("leave", { removed: false }),
    eject: () => say("leave", { removed: true }),
    end: () => {
      say("meeting_end");
      say("leave", { removed: false });
    },
    waver: () => say("connection_status_change", { status: "unstable" }),
    recover: () => say("connection_status_change", { status: "stable" }),
  };
}

/** Room of twilio-video 2.32 and its error codes; a room is connected by the time a page has it. */
function twilio() {
  const sdk = new Emitter();
  sdk.state = "connected";
  const out = (error) => {
    sdk.state = "disconnected";
    sdk.emit("disconnected", sdk, error);
  };
  const error = (code) => Object.assign(new Error("TwilioError"), { code });
  return {
    sdk,
    join: () => {},
    leave: () => out(undefined),
    lose: () => out(error(53001)),
    end: () => out(error(53118)),
    waver: () => {
      sdk.state = "reconnecting";
      sdk.emit("reconnecting", error(53405));
    },
    recover: () => {
      sdk.state = "connected";
      sdk.emit("reconnected");
    },
  };
}

/** RoomEvent of livekit-client 2.23 and DisconnectReason of @livekit/protocol 2.0. */
function livekit() {
  const sdk = new Emitter();
  const me = { identity: "me", isLocal: true };
  const other = { identity: "other", isLocal: false };
  Object.assign(sdk, { state: "disconnected", localParticipant: me });
  const out = (reason) => {
    sdk.state = "disconnected";
    sdk.emit("disconnected", reason);
  };
  return {
    sdk,
    join: () => {
      sdk.state = "connected";
      sdk.emit("connected");
    },
    leave: () => out(1),
    eject: () => out(4),
    lose: () => out(9),
    end: () => out(5),
    waver: () => sdk.emit("reconnecting"),
    recover: () => sdk.emit("reconnected"),
    talk: (on) => sdk.emit("activeSpeakersChanged", on ? [other, me] : [other]),
  };
}

/** VideoClient of @zoom/videosdk 2.5: ConnectionState, ClosedReason, event_audio_active_speaker. */
function zoom() {
  const sdk = new Emitter();
  let isInMeeting = false;
  sdk.getCurrentUserInfo = () => ({ userId: 16778240, displayName: "Somebody" });
  sdk.getSessionInfo = () => ({ topic: "room", isInMeeting });
  const change = (payload) => sdk.emit("connection-change", payload);
  const closed = (reason) => {
    isInMeeting = false;
    change({ state: "Closed", reason });
  };
  return {
    sdk,
    join: () => {
      isInMeeting = true;
      change({ state: "Connected" });
    },
    leave: () => closed(undefined),
    eject: () => closed("kicked by host"),
    lose: () => {
      isInMeeting = false;
      change({ state: "Fail" });
    },
    end: () => closed("ended by host"),
    waver: () => change({ state: "Reconnecting", reason: "failover" }),
    recover: () => change({ state: "Connected" }),
    talk: (on) => sdk.emit("active-speaker", on ? [{ userId: 1 }, { userId: 16778240 }] : [{ userId: 1 }]),
  };
}

export const platforms = { jitsi, daily, whereby, twilio, livekit, zoom };

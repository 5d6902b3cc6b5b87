/**
 * What each platform's own JavaScript says, in our words. Names and shapes are those that the platforms publish:
 * the Jitsi handbook (IFrame API), the types of @daily-co/daily-js, @whereby.com/browser-sdk (embed),
 * twilio-video, livekit-client with @livekit/protocol, and @zoom/videosdk.
 */
const ZOOM_HOLD_MS = 2_000;
const TWILIO_ROOM_COMPLETED = 53118;
const NOTIFICATION = "alliancekit-open";
const LIVEKIT = { left: [1, 10], removed: 4, deleted: 5 };

const BINDINGS = {
  /** `notify: {title, description, label}`: in the call Jitsi's own notification asks first, in these words. */
  jitsi(call, api, { notify } = {}) {
    let me = null;
    listen(call, api, {
      videoConferenceJoined: ({ id }) => {
        me = id;
        call.joined();
      },
      videoConferenceLeft: () => call.left(),
      readyToClose: () => call.left(),
      participantKickedOut: ({ kicked }) => kicked?.local && call.left("ejected"),
      // Jitsi then offers to reload; joining again goes on with the same presence.
      errorOccurred: (data) => (data?.error ?? data)?.isFatal && call.reconnecting(),
      dominantSpeakerChanged: ({ id }) => call.speaking(id === me),
      customNotificationActionTriggered: ({ data }) => data?.id === NOTIFICATION && call.prompt.open(),
    });
    if (notify) notifyFirst(call, api, notify);
  },

  daily(call, frame) {
    listen(call, frame, {
      "joined-meeting": () => call.joined(),
      "left-meeting": () => call.left(),
      // A left-meeting follows at once and finds nobody there any more.
      error: ({ error }) => {
        if (error?.type === "exp-room") call.ended();
        else call.left(error?.type === "ejected" ? "ejected" : "dropped");
      },
      "network-connection": ({ event }) => {
        if (event === "interrupted") call.reconnecting();
        else if (event === "connected") call.reconnected();
      },
      "active-speaker-change": ({ activeSpeaker }) =>
        call.speaking(activeSpeaker?.peerId === frame.participants().local?.session_id),
    });
    if (frame.meetingState() === "joined-meeting") call.joined();
  },

  whereby(call, element) {
    listen(call, element, {
      join: () => call.joined(),
      leave: ({ detail }) => call.left(detail?.removed ? "ejected" : "left"),
      meeting_end: () => call.ended(),
    });
  },

  /** Twilio names remote speakers only, and a page speaks for its own participant only: no speaking times. */
  twilio(call, room) {
    listen(call, room, {
      disconnected: (_, error) => {
        if (error?.code === TWILIO_ROOM_COMPLETED) call.ended();
        else call.left(error ? "dropped" : "left");
      },
      reconnecting: () => call.reconnecting(),
      reconnected: () => call.reconnected(),
    });
    if (room.state !== "disconnected") call.joined();
  },

  livekit(call, room) {
    listen(call, room, {
      connected: () => call.joined(),
      reconnecting: () => call.reconnecting(),
      reconnected: () => call.reconnected(),
      disconnected: (reason) => {
        if (reason === LIVEKIT.deleted) call.ended();
        else if (reason === LIVEKIT.removed) call.left("ejected");
        else call.left(LIVEKIT.left.includes(reason) ? "left" : "dropped");
      },
      activeSpeakersChanged: (speakers) => call.speaking(speakers.some((one) => one.isLocal)),
    });
    if (room.state === "connected") call.joined();
  },

  zoom(call, client) {
    let quiet = 0;
    listen(call, client, {
      "connection-change": ({ state, reason }) => {
        if (state === "Connected") call.joined();
        else if (state === "Reconnecting") call.reconnecting();
        else if (state === "Fail") call.left("dropped");
        else if (reason === "ended by host") call.ended();
        else call.left(["kicked by host", "expeled by host"].includes(reason) ? "ejected" : "left");
      },
      // Says who speaks, again and again, and never that somebody stopped.
      "active-speaker": (speakers) => {
        const me = client.getCurrentUserInfo()?.userId;
        if (!speakers.some(({ userId }) => userId === me)) return;
        clearTimeout(quiet);
        call.speaking(true);
        quiet = setTimeout(() => call.speaking(false), ZOOM_HOLD_MS);
      },
    });
    if (client.getSessionInfo?.()?.isInMeeting) call.joined();
  },
};

/** The card stays away in the call until the person takes Jitsi's notification up. */
function notifyFirst(call, api, { title, description, label }) {
  const { element } = call.prompt;
  listen(call, element, {
    "ak-prompt": ({ detail }) => {
      if (detail.moment !== "in_call" || call.state === "left") return;
      element.hidden = true;
      const customActions = [{ label, uuid: NOTIFICATION }];
      const shown = { title, description, uid: NOTIFICATION, type: "normal", timeout: "sticky", customActions };
      api.executeCommand("showNotification", shown);
    },
    "ak-answered": () => api.executeCommand("hideNotification", NOTIFICATION),
    "ak-dismissed": () => api.executeCommand("hideNotification", NOTIFICATION),
  });
}

/** Listens until the call is closed; whatever goes wrong here never reaches the platform's own code. */
function listen(call, target, heard) {
  const on = target.on ?? target.addListener ?? target.addEventListener;
  const off = target.off ?? target.removeListener ?? target.removeEventListener;
  for (const [name, act] of Object.entries(heard)) {
    const safely = (...said) => {
      try {
        act(...said);
      } catch (error) {
        warn(`${name} was not understood (${error.name})`);
      }
    };
    on.call(target, name, safely);
    call.undo(() => off?.call(target, name, safely));
  }
}
